package serve

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"

	"knative-lambda.local/lambda/http1"
)

// batchConcurrency: so many events of one batch run at once, as many as a container gets from Knative.
const batchConcurrency = 10

// door answers probes, and events on any path.
type door struct {
	config    config
	log       *logger
	metrics   *metrics
	replies   replies
	executor  *executor
	lifecycle *lifecycle
}

// handle answers a request, and is told when the answer has left.
func (d *door) handle(r *http1.Request) (answer http1.Response, written func()) {
	if r.Method != http.MethodPost {
		return d.onOther(r), func() {}
	}
	d.lifecycle.took()
	defer func() {
		if thrown := recover(); thrown != nil {
			d.log.say(errorLevel, "wrapper failed", nil, field{"error", fmt.Sprintf("%v\n%s", thrown, debug.Stack())})
			answer, written = problem("INTERNAL", "The event could not be handled; it may be sent again").answer(), d.lifecycle.gave
		}
	}()
	return d.onEvent(r), d.lifecycle.gave
}

func (d *door) onOther(r *http1.Request) http1.Response {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch r.Path {
		case "/healthz":
			return asJSON(http.StatusOK, `{"status":"ok"}`)
		case "/readyz":
			if d.lifecycle.stopping() {
				return asJSON(http.StatusServiceUnavailable, `{"status":"stopping"}`)
			}
			return asJSON(http.StatusOK, `{"status":"ready"}`)
		case "/metrics":
			kind := http1.Header{Name: "content-type", Value: "text/plain; version=0.0.4; charset=utf-8"}
			return http1.Response{Status: http.StatusOK, Headers: []http1.Header{kind}, Body: []byte(d.metrics.text())}
		}
	}
	return problem("METHOD_NOT_ALLOWED", "Send events with POST").answer()
}

func asJSON(status int, text string) http1.Response {
	return http1.Response{Status: status, Headers: []http1.Header{{Name: "content-type", Value: "application/json"}}, Body: []byte(text)}
}

func (d *door) onEvent(r *http1.Request) http1.Response {
	if d.lifecycle.stopping() {
		return problem("STOPPING", "This process is stopping; send the event again").answer()
	}
	events, batch, err := readRequest(r)
	if err != nil {
		return d.refuse(err)
	}
	traceparent := r.First("traceparent")
	if !batch {
		return d.replies.answer(d.executor.run(events[0], traceparent))
	}
	return d.replies.answerBatch(d.runBatch(events, traceparent))
}

func (d *door) runBatch(events []*received, traceparent string) []*execution {
	all := make([]*execution, len(events))
	var lanes sync.WaitGroup
	places := make(chan struct{}, batchConcurrency)
	for row, event := range events {
		places <- struct{}{}
		lanes.Go(func() {
			all[row] = d.executor.run(event, traceparent)
			<-places
		})
	}
	lanes.Wait()
	return all
}

// refuse answers what is no event.
func (d *door) refuse(err error) http1.Response {
	var refused *refusal
	errors.As(err, &refused)
	d.metrics.count(rejected)
	d.log.say(warnLevel, "event refused", nil, field{"code", refused.code}, field{"field", refused.field}, field{"error", refused.detail})
	return problem(refused.code, refused.detail).of(refused).answer()
}

// refuseRequest answers what is not even a request.
func (d *door) refuseRequest(r *http1.Refusal) http1.Response {
	return d.refuse(refuse(code(r.Code), r.Field, r.Detail))
}
