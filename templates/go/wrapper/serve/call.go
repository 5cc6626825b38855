package serve

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// What becomes of a call is settled once: by the worker that comes back, or by the event's timeout.
const (
	running int32 = iota
	returned
	abandoned
)

// call is one event in the function's hands, on a goroutine that the function may keep for ever.
type call struct {
	executor  *executor
	execution *execution
	ctx       context.Context
	ended     chan outcome
	state     atomic.Int32
}

// run is all that the goroutine does: whatever the function does there, a panic, or the end of the goroutine itself, costs its own
// event only.
func (c *call) run() {
	var ended outcome
	judged := false
	defer func() {
		// Until the outcome is known, everything that runs is the function's: its errors and its results have methods, too.
		if thrown := recover(); !judged {
			ended = outcomeOfPanic(thrown)
			c.executor.failed(c.execution, ended, ended.message+"\n"+string(debug.Stack()))
		}
		if !c.state.CompareAndSwap(running, returned) {
			c.executor.stuck.Add(-1)
		}
		c.ended <- ended
	}()
	ended = c.judge()
	judged = true
}

func (c *call) judge() outcome {
	result, err := c.executor.function(c.ctx, c.execution.event.Event)
	if err == nil {
		return outcomeOf(result)
	}
	ended := outcomeOfError(err)
	c.executor.failed(c.execution, ended, fmt.Sprintf("%s (%T)", asText(err), err))
	return ended
}

// abandon counts a goroutine that did not come back in time; one that comes back now is not counted at all.
func (c *call) abandon() {
	if c.state.CompareAndSwap(running, abandoned) && c.executor.stuck.Add(1) >= mostStuck {
		c.executor.blocked()
	}
}
