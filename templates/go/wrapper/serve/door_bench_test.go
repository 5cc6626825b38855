package serve

import (
	"context"
	"os"
	"testing"
	"time"

	"knative-lambda.local/lambda"
	"knative-lambda.local/lambda/http1"
)

func BenchmarkDoor(b *testing.B) {
	c := config{tenant: "a", name: "b", timeout: time.Minute, bodyLimit: 1 << 20, level: infoLevel}
	l := newLogger(os.Stdout, c)
	life := &lifecycle{log: l, idle: make(chan struct{}, 1)}
	m := &metrics{}
	type data struct {
		Parameters struct {
			BlockID    string `json:"blockId"`
			LogIndices []int  `json:"logIndices"`
		} `json:"parameters"`
	}
	f := func(ctx context.Context, event lambda.Event) (any, error) {
		var d data
		if err := event.Decode(&d); err != nil {
			return nil, err
		}
		return map[string]any{"block": d.Parameters.BlockID, "logs": len(d.Parameters.LogIndices)}, nil
	}
	d := &door{c, l, m, newReplies(c), &executor{function: f, config: c, log: l, metrics: m, blocked: life.blocked, workers: newWorkers()}, life}
	body := []byte(`{"contextId":"ctx-1","parameters":{"blockId":"0x1b4","blockchainType":"EVM","logIndices":[1,2,3]}}`)
	r := &http1.Request{Method: "POST", Path: "/", Body: body, Headers: []http1.Header{
		{Name: "ce-specversion", Value: "1.0"}, {Name: "ce-id", Value: "a3c1f0e2"}, {Name: "ce-source", Value: "network.notifi.acme-corp"},
		{Name: "ce-type", Value: "network.notifi.lambda.parser.start"}, {Name: "ce-subject", Value: "price_feed"},
		{Name: "ce-correlationid", Value: "c-1"}, {Name: "content-type", Value: "application/json"},
		{Name: "ce-traceparent", Value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}}
	b.ReportAllocs()
	for b.Loop() {
		if answer, written := d.handle(r); answer.Status != 200 {
			b.Fatal(string(answer.Body))
		} else {
			written()
		}
	}
}
