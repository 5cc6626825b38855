// Package function is what is measured: the smallest thing done to an event's data.
package function

import "context"

// Handle tells the block and counts the logs.
func Handle(_ context.Context, event Event) (any, error) {
	var data struct {
		Parameters struct {
			BlockID    string `json:"blockId"`
			LogIndices []int  `json:"logIndices"`
		} `json:"parameters"`
	}
	if err := event.Decode(&data); err != nil {
		return nil, err
	}
	return map[string]any{"block": data.Parameters.BlockID, "logs": len(data.Parameters.LogIndices)}, nil
}
