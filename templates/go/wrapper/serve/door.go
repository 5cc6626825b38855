package serve

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// batchConcurrency: so many events of one batch run at once, as many as a container gets from Knative.
	batchConcurrency = 10
	// lingering is how long a sender whose body is too large may go on sending before the connection is closed.
	lingering = 5 * time.Second
)

// door answers probes, and events on any path. net/http answers what is no HTTP at all.
type door struct {
	config    config
	log       *logger
	metrics   *metrics
	replies   replies
	executor  *executor
	lifecycle *lifecycle
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		d.lifecycle.took()
		defer d.lifecycle.gave()
		answer := d.onEvent(w, r)
		d.send(w, answer)
		if answer.status == http.StatusRequestEntityTooLarge {
			linger(w, r)
		}
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if answer, is := d.probe(r.URL.Path); is {
			d.send(w, answer)
			return
		}
	}
	d.send(w, problem("METHOD_NOT_ALLOWED", "Send events with POST").answer())
}

func (d *door) probe(path string) (answer response, is bool) {
	switch path {
	case "/healthz":
		return asJSON(http.StatusOK, `{"status":"ok"}`), true
	case "/readyz":
		if d.lifecycle.stopping() {
			return asJSON(http.StatusServiceUnavailable, `{"status":"stopping"}`), true
		}
		return asJSON(http.StatusOK, `{"status":"ready"}`), true
	case "/metrics":
		headers := []string{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}
		return response{http.StatusOK, headers, []byte(d.metrics.text())}, true
	}
	return response{}, false
}

func asJSON(status int, text string) response {
	return response{status, []string{"Content-Type", "application/json"}, []byte(text)}
}

func (d *door) onEvent(w http.ResponseWriter, r *http.Request) response {
	body, err := d.read(w, r)
	if err != nil {
		return d.refuse(err)
	}
	if d.lifecycle.stopping() {
		return problem("STOPPING", "This process is stopping; send the event again").answer()
	}
	events, batch, err := readRequest(r.Header, body)
	if err != nil {
		return d.refuse(err)
	}
	header := r.Header.Get("Traceparent")
	if !batch {
		return d.replies.answer(d.executor.run(events[0], header))
	}
	return d.replies.answerBatch(d.runBatch(events, header))
}

func (d *door) runBatch(events []*received, header string) []*execution {
	all := make([]*execution, len(events))
	var lanes sync.WaitGroup
	places := make(chan struct{}, batchConcurrency)
	for row, event := range events {
		places <- struct{}{}
		lanes.Go(func() {
			all[row] = d.executor.run(event, header)
			<-places
		})
	}
	lanes.Wait()
	return all
}

// read gathers the body, and never more than the limit.
func (d *door) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := d.config.bodyLimit
	if r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, d.tooLarge(w)
	}
	body, err := gather(r, limit)
	if int64(len(body)) > limit {
		return nil, d.tooLarge(w)
	}
	return body, err
}

func gather(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(io.LimitReader(r.Body, limit+1))
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// tooLarge is answered while the sender still sends.
func (d *door) tooLarge(w http.ResponseWriter) error {
	_ = http.NewResponseController(w).EnableFullDuplex()
	return refuse("BODY_TOO_LARGE", "body", "The body is larger than "+strconv.FormatInt(d.config.bodyLimit, 10)+" bytes")
}

// linger reads and drops what the sender still sends: if the connection were closed on it, the answer would be lost.
func linger(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, r.Body)
}

// refuse answers what is no event. A body that broke off has nobody to be answered.
func (d *door) refuse(err error) response {
	var refused *refusal
	var broken net.Error
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) {
		panic(http.ErrAbortHandler)
	}
	if !errors.As(err, &refused) {
		refused = refuse("MALFORMED_REQUEST", "body", "The body is not what its headers say")
	}
	d.metrics.count(rejected)
	d.log.say(warnLevel, "event refused", nil, field{"code", refused.code}, field{"field", refused.field}, field{"error", refused.detail})
	return problem(refused.code, refused.detail).of(refused).answer()
}

func (d *door) send(w http.ResponseWriter, answer response) {
	headers := w.Header()
	for at := 0; at < len(answer.headers); at += 2 {
		headers[answer.headers[at]] = answer.headers[at+1 : at+2 : at+2]
	}
	if d.lifecycle.stopping() {
		headers["Connection"] = []string{"close"}
	}
	if answer.status != http.StatusNoContent {
		headers["Content-Length"] = []string{strconv.Itoa(len(answer.body))}
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}
