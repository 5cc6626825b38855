package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// longestMessage: a message that reaches a sender or the scheduler is cut to this many characters.
const longestMessage = 512

// unreadable stands for an error that cannot be asked for its message.
const unreadable = "the function threw something that cannot be read"

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
			ended = unserializable(asText(thrown))
		}
	}()
	body, err := marshal(result)
	if err != nil {
		return unserializable(asText(err))
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
	return outcomeOfFailure(asText(err), isPermanent(err))
}

// outcomeOfPanic: what a function panics with is anything at all, and nothing when it ended its goroutine.
func outcomeOfPanic(thrown any) outcome {
	if thrown == nil {
		thrown = errors.New("the function ended its goroutine")
	}
	if err, is := thrown.(error); is {
		return outcomeOfError(err)
	}
	return outcomeOfFailure(asText(thrown), false)
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

// isPermanent: an error is permanent when it says so; everything else may heal, also one that cannot even say that.
func isPermanent(err error) (permanent bool) {
	defer func() {
		if recover() != nil {
			permanent = false
		}
	}()
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

// asText makes text of what a function gave, an error too: its own method may panic, as it does on a nil pointer that is an error.
// JSON knows no bytes that are not text.
func asText(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = unreadable
		}
	}()
	text = fmt.Sprint(value)
	if text == "<nil>" || strings.HasPrefix(text, "%!v(PANIC=") { // so fmt says that a method panicked
		return unreadable
	}
	if utf8.ValidString(text) {
		return text
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}
