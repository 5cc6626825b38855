package serve

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	tries      = 5
	patience   = 5 * time.Second
	firstPause = 200 * time.Millisecond
)

// scheduler is Notifi's: it is told of every execution before the event is acknowledged. While it cannot be told, the broker
// keeps the event.
type scheduler struct {
	url, userAgent string
	key            []byte
	log            *logger
	client         *http.Client
}

func newScheduler(c config, log *logger) *scheduler {
	if c.scheduler == nil {
		return nil
	}
	target := *c.scheduler
	target.Path = strings.TrimRight(target.Path, "/") + "/fusion/execution/response"
	// A redirect is an answer, not a place to send results to.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &scheduler{target.String(), "knative-lambda-handler/" + c.name, []byte(c.signingKey), log, client}
}

// tell blocks until the scheduler knows, or cannot be told, and gives the outcome that remains.
func (s *scheduler) tell(x *execution) outcome {
	body := callbackBody(x)
	key := sha256.Sum256([]byte(x.event.Source + "\x00" + x.event.ID))
	headers := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {s.userAgent},
		"Idempotency-Key": {hex.EncodeToString(key[:])}, "Traceparent": {x.event.TraceParent},
	}
	if len(s.key) > 0 {
		mac := hmac.New(sha256.New, s.key)
		mac.Write(body)
		headers["X-Notifi-Signature"] = []string{"sha256=" + hex.EncodeToString(mac.Sum(nil))}
	}
	err := s.deliver(headers, body)
	if err == nil {
		return x.outcome
	}
	s.log.say(errorLevel, "callback was not delivered", x.ids(), field{"error", err.Error()})
	return outcome{kind: undelivered, code: "CALLBACK_UNDELIVERED", message: "the result could not be delivered: " + err.Error()}
}

func (s *scheduler) deliver(headers http.Header, body []byte) (err error) {
	for attempt := range tries {
		if attempt > 0 {
			// Half of the pause is chance: processes that failed together do not come back together.
			time.Sleep(time.Duration(float64(firstPause<<(attempt-1)) * (0.5 + rand.Float64()/2)))
		}
		var again bool
		if again, err = s.post(headers, body); !again {
			return err
		}
	}
	return err
}

func (s *scheduler) post(headers http.Header, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header = headers
	answer, err := s.client.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return true, fmt.Errorf("the scheduler did not answer within %s seconds", inSeconds(patience))
	}
	if err != nil {
		return true, errors.Unwrap(err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64*1024)) // so that the connection can be used again
	answer.Body.Close()
	status := answer.StatusCode
	if status >= 200 && status < 300 {
		return false, nil
	}
	return status == 408 || status == 429 || status >= 500, fmt.Errorf("the scheduler answered %d", status)
}

func callbackBody(x *execution) []byte {
	told := struct {
		ContextID    string          `json:"contextId"`
		Succeeded    bool            `json:"succeeded"`
		EventEntries json.RawMessage `json:"eventEntries,omitempty"`
		ErrorMessage string          `json:"errorMessage,omitempty"`
	}{ContextID: x.event.ContextID}
	if x.outcome.kind == complete || x.outcome.kind == empty {
		told.Succeeded, told.EventEntries = true, entriesOf(x.outcome)
	} else {
		told.ErrorMessage = x.outcome.message
	}
	body, _ := marshal(told)
	return body
}

// entriesOf: a list is the entries; an object may name them; any other value is the only one.
func entriesOf(o outcome) json.RawMessage {
	switch {
	case o.kind == empty:
		return json.RawMessage("[]")
	case o.isBytes:
		return json.RawMessage(`["` + base64.StdEncoding.EncodeToString(o.body) + `"]`)
	case o.body[0] == '[':
		return o.body
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(o.body, &members) == nil {
		if entries := members["eventEntries"]; len(entries) > 0 && entries[0] == '[' {
			return entries
		}
	}
	return bytes.Join([][]byte{{'['}, o.body, {']'}}, nil)
}
