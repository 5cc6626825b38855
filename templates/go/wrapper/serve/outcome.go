package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// longestMessage: a message that reaches a sender or the scheduler is cut to this many characters.
const longestMessage = 512

type outcomeKind int

const (
	complete outcomeKind = iota
	empty
	failed
	failure
	timedOut
	undelivered
	rejected
)

// outcome is how an event ended.
type outcome struct {
	kind outcomeKind
	// body is what the reply carries; isBytes tells it from JSON.
	body    []byte
	isBytes bool
	// message says why it failed.
	message string
	// code is the problem that it is answered with, if it is.
	code code
}

func (o outcome) contentType() string {
	if o.isBytes {
		return "application/octet-stream"
	}
	return "application/json"
}

// outcomeOf a result. Writing it as JSON runs the function's own code, which may panic.
func outcomeOf(result any) (ended outcome) {
	if result == nil {
		return outcome{kind: empty}
	}
	if text, is := result.([]byte); is {
		return outcome{kind: complete, body: text, isBytes: true}
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			ended = unserializable(fmt.Sprint(thrown))
		}
	}()
	body, err := marshal(result)
	if err != nil {
		return unserializable(err.Error())
	}
	if bytes.Equal(body, []byte("null")) {
		return outcome{kind: empty}
	}
	return outcome{kind: complete, body: body}
}

func unserializable(why string) outcome {
	return outcome{kind: failure, code: "RESULT_NOT_SERIALIZABLE", message: cut(why, longestMessage)}
}

func outcomeOfError(err error) outcome {
	return outcomeOfFailure(err.Error(), isPermanent(err))
}

func outcomeOfFailure(message string, permanent bool) outcome {
	if message == "" {
		message = "the function failed without a message"
	}
	message = cut(message, longestMessage)
	if permanent {
		return outcome{kind: failed, message: message}
	}
	return outcome{kind: failure, code: "FUNCTION_ERROR", message: message}
}

// isPermanent: an error is permanent when it says so; everything else may heal.
func isPermanent(err error) bool {
	var telling interface{ Retryable() bool }
	return errors.As(err, &telling) && !telling.Retryable()
}

// cut keeps whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	count := 0
	for at := range text {
		if count == most {
			return text[:at]
		}
		count++
	}
	return text
}

// asText makes text of what a function gave: JSON knows no other bytes.
func asText(value any) string {
	text := fmt.Sprint(value)
	if utf8.ValidString(text) {
		return text
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}
