package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"knative-lambda.local/lambda/http1"
)

var replyTypes = map[outcomeKind]string{complete: "network.notifi.lambda.parser.complete", failed: "network.notifi.lambda.parser.failed"}

// replies makes answers of executions: a value is a binary CloudEvent, nothing is 204, what may heal is a problem that a broker
// retries.
type replies struct{ tenant, name, source string }

func newReplies(c config) replies {
	return replies{c.tenant, c.name, "network.notifi." + c.tenant}
}

func (r replies) answer(x *execution) http1.Response {
	if x.outcome.kind == empty {
		return http1.Response{Status: http.StatusNoContent}
	}
	if x.outcome.code != "" {
		return x.problem()
	}
	id := encodeHeader(x.event.ID)
	return http1.Response{Status: http.StatusOK, Body: r.data(x), Headers: []http1.Header{
		{Name: "content-type", Value: x.outcome.contentType()},
		{Name: "ce-specversion", Value: "1.0"},
		{Name: "ce-id", Value: id + "-reply"},
		{Name: "ce-source", Value: r.source},
		{Name: "ce-type", Value: replyTypes[x.outcome.kind]},
		{Name: "ce-subject", Value: r.name},
		{Name: "ce-time", Value: now()},
		{Name: "ce-correlationid", Value: encodeHeader(x.event.CorrelationID)},
		{Name: "ce-causationid", Value: id},
		{Name: "ce-traceparent", Value: x.event.TraceParent},
	}}
}

// second is a time up to its seconds, as text.
type second struct {
	unix int64
	text string
}

var lastSecond atomic.Pointer[second]

// now is RFC 3339 in UTC, to the millisecond.
func now() string {
	at := time.Now()
	last := lastSecond.Load()
	if last == nil || last.unix != at.Unix() {
		last = &second{at.Unix(), at.UTC().Format("2006-01-02T15:04:05.")}
		lastSecond.Store(last)
	}
	milliseconds := at.Nanosecond() / 1e6
	return last.text + string([]byte{byte('0' + milliseconds/100), byte('0' + milliseconds/10%10), byte('0' + milliseconds%10), 'Z'})
}

// data is what the reply carries. A permanent failure is shaped as the builder's event.rejected, so that the dead-letter queue
// reads one form.
func (r replies) data(x *execution) []byte {
	if x.outcome.kind == complete {
		return x.outcome.body
	}
	body, _ := marshal(struct {
		Code         string         `json:"code"`
		Category     string         `json:"category"`
		Message      string         `json:"message"`
		Retryable    bool           `json:"retryable"`
		ThirdPartyID string         `json:"third_party_id"`
		ParserID     string         `json:"parser_id"`
		ContextID    string         `json:"contextId"`
		Original     map[string]any `json:"original"`
	}{
		"FUNCTION_ERROR_PERMANENT", "function_error_permanent", x.outcome.message, false,
		r.tenant, r.name, x.event.ContextID, x.event.original(),
	})
	return body
}

// answerBatch: one event that may heal makes the whole batch come again: its problem is the answer, the first one's if there are
// several.
func (r replies) answerBatch(all []*execution) http1.Response {
	var parts [][]byte
	for _, x := range all {
		if x.outcome.code != "" {
			return x.problem()
		}
		if x.outcome.kind != empty {
			parts = append(parts, r.inBatch(x))
		}
	}
	if len(parts) == 0 {
		return http1.Response{Status: http.StatusNoContent}
	}
	headers := []http1.Header{{Name: "content-type", Value: "application/cloudevents-batch+json; charset=utf-8"}}
	return http1.Response{Status: http.StatusOK, Headers: headers, Body: bytes.Join([][]byte{{'['}, bytes.Join(parts, []byte{','}), {']'}}, nil)}
}

func (r replies) inBatch(x *execution) []byte {
	event := map[string]any{
		"specversion": "1.0", "id": x.event.ID + "-reply", "source": r.source, "type": replyTypes[x.outcome.kind],
		"subject": r.name, "time": now(), "correlationid": x.event.CorrelationID, "causationid": x.event.ID,
		"traceparent": x.event.TraceParent, "datacontenttype": x.outcome.contentType(),
	}
	if x.outcome.isBytes {
		event["data_base64"] = base64.StdEncoding.EncodeToString(x.outcome.body)
	} else {
		event["data"] = json.RawMessage(r.data(x))
	}
	text, _ := marshal(event)
	return text
}

func (x *execution) problem() http1.Response {
	told := problem(x.outcome.code, x.outcome.message)
	told.CorrelationID, told.TraceID, told.EventID = x.event.CorrelationID, x.trace.traceID, x.event.ID
	return told.answer()
}
