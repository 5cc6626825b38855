package serve

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"knative-lambda.local/lambda"
)

// mostStuck functions may go on after their event's timeout. They cannot be stopped, only counted: with so many the process
// begins anew.
const mostStuck = 64

// Function is what the user wrote.
type Function func(ctx context.Context, event lambda.Event) (any, error)

// executor runs one event through the function: whatever it does, exactly one outcome, and in time.
type executor struct {
	function  Function
	config    config
	log       *logger
	metrics   *metrics
	scheduler *scheduler
	blocked   func()
	workers   *workers
	stuck     atomic.Int64
}

// execution is one event with its outcome.
type execution struct {
	event   *received
	trace   trace
	outcome outcome
}

func (x *execution) ids() []field {
	return []field{
		{"correlation_id", x.event.CorrelationID}, {"trace_id", x.trace.traceID}, {"span_id", x.trace.spanID}, {"event_id", x.event.ID},
	}
}

// run works on an event; header is the request's traceparent.
func (e *executor) run(event *received, header string) *execution {
	x := &execution{event: event, trace: traceOf(event, header)}
	event.CorrelationID = correlationOf(event)
	event.ContextID = event.contextID()
	event.TraceParent = x.trace.String()
	event.Services = e.config.services
	event.Log = slog.New(slogHandler{log: e.log, ids: x.ids})

	began := time.Now()
	e.metrics.began()
	x.outcome = e.inTime(x)
	e.metrics.ended(time.Since(began))
	if e.scheduler != nil {
		x.outcome = e.scheduler.tell(x)
	}
	e.metrics.count(x.outcome.kind)
	if e.log.lowest == debugLevel {
		e.log.say(debugLevel, "event handled", x.ids(), field{"outcome", outcomeNames[x.outcome.kind]})
	}
	return x
}

// inTime gives up waiting at the timeout. The function is told by its context; when it ends after all, nobody asks any more.
func (e *executor) inTime(x *execution) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), e.config.timeout)
	defer cancel()
	c := &call{executor: e, execution: x, ctx: ctx, ended: make(chan outcome, 1)}
	e.workers.do(c.run)
	select {
	case ended := <-c.ended:
		// A function that heeds its context comes back at the timeout itself: that is late, however quick it was.
		if ctx.Err() == nil {
			return ended
		}
	case <-ctx.Done():
	}
	c.abandon()
	e.log.say(errorLevel, "function timed out", x.ids(), field{"timeout_seconds", e.config.timeout.Seconds()})
	message := fmt.Sprintf("the function did not answer within %s seconds", inSeconds(e.config.timeout))
	return outcome{kind: timedOut, code: "FUNCTION_TIMEOUT", message: message}
}

func (e *executor) failed(x *execution, ended outcome, why string) {
	e.log.say(errorLevel, "function failed", x.ids(), field{"error", cut(why, 8192)}, field{"retryable", ended.kind != failed})
}
