// The function as functions-framework-go has it: it can answer nothing but whether it failed.
package main

import (
	"context"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"
	"github.com/cloudevents/sdk-go/v2/event"
)

func main() {
	functions.CloudEvent("handle", func(_ context.Context, e event.Event) error {
		var data struct {
			Parameters struct {
				BlockID    string `json:"blockId"`
				LogIndices []int  `json:"logIndices"`
			} `json:"parameters"`
		}
		return e.DataAs(&data)
	})
	_ = os.Setenv("FUNCTION_TARGET", "handle")
	_ = funcframework.StartHostPort("127.0.0.1", os.Getenv("PORT"))
}
