// Package summary sums up the prices of a block. Data: {"prices":[{"symbol":"BTC","value":97000.5}, …]}
package summary

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"knative-lambda.local/lambda"
)

type price struct {
	Symbol string  `json:"symbol"`
	Value  float64 `json:"value"`
}

// Summary is what is said of one symbol. Its id is the same whenever the same event comes again.
type Summary struct {
	ID    uuid.UUID `json:"id"`
	Count int       `json:"count"`
	Mean  float64   `json:"mean"`
}

// Handle gets the event, with its data, ids, logger and service addresses; ctx ends when its time is over.
func Handle(ctx context.Context, event lambda.Event) (any, error) {
	var data struct {
		Prices *[]price `json:"prices"`
	}
	if err := event.Decode(&data); err != nil || data.Prices == nil {
		// A broker would bring this event again and again, and it would never get better: say so.
		return nil, lambda.Permanent(errors.New("data.prices must be a list"))
	}
	if len(*data.Prices) == 0 {
		return nil, nil
	}

	event.Log.InfoContext(ctx, "summing up prices", "count", len(*data.Prices))
	summaries := map[string]Summary{}
	for _, one := range *data.Prices {
		sum := summaries[one.Symbol]
		total := sum.Mean*float64(sum.Count) + one.Value
		sum.Count++
		sum.Mean = total / float64(sum.Count)
		sum.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(event.Source+"/"+event.ID+"/"+one.Symbol))
		summaries[one.Symbol] = sum
	}
	return summaries, nil
}
