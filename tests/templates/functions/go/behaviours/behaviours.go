// Package behaviours does what the event's data asks for; see ../../README.md.
package behaviours

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/ettle/strcase"
)

// task is what the data asks for.
type task struct {
	Do      string
	Value   any
	Base64  string
	Size    int
	Message string
	MS      int
	Code    int
	Parts   []string
	Stream  string
	Fields  map[string]any
	Name    string
	Path    string
	Thrown  bool
	In      string
}

// PermanentError is only a name.
type PermanentError struct{}

func (PermanentError) Error() string { return "only a name" }

// unreadable cannot be asked for anything as what it is here: a nil pointer.
type unreadable struct {
	message   string
	retryable bool
}

func (u *unreadable) Error() string { return u.message }

func (u *unreadable) Retryable() bool { return u.retryable }

type permanent struct{ error }

func (permanent) Retryable() bool { return false }

// Handle does one task, or tells what it was given.
func Handle(ctx context.Context, event Event) (any, error) {
	if event.DataContentType == "application/x-behaviour" {
		return nil, permanent{errors.New("bytes refused")}
	}
	var asked task
	if event.Decode(&asked) != nil || asked.Do == "" {
		return report(ctx, event), nil
	}
	if wait, is := waiting[asked.Do]; is {
		return wait(ctx, event, asked)
	}
	return tasks[asked.Do](asked)
}

var ok = map[string]any{"ok": true}

var waiting = map[string]func(context.Context, Event, task) (any, error){
	"sleep": func(_ context.Context, _ Event, t task) (any, error) {
		time.Sleep(time.Duration(t.MS) * time.Millisecond)
		return map[string]any{"slept": t.MS}, nil
	},
	"hang": func(ctx context.Context, event Event, _ task) (any, error) {
		<-ctx.Done()
		event.Log.Info("signal fired")
		select {}
	},
	"wait for the signal": func(ctx context.Context, _ Event, _ task) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	},
	"log": func(_ context.Context, event Event, t task) (any, error) {
		var fields []any
		for name, value := range t.Fields {
			fields = append(fields, name, value)
		}
		event.Log.Warn(t.Message, fields...)
		return ok, nil
	},
}

var tasks = map[string]func(task) (any, error){
	"return":         func(t task) (any, error) { return t.Value, nil },
	"return nothing": func(task) (any, error) { return nil, nil },
	"return bytes":   func(t task) (any, error) { return base64.StdEncoding.DecodeString(t.Base64) },
	"return big":     func(t task) (any, error) { return strings.Repeat("x", t.Size), nil },
	"return unserializable": func(task) (any, error) {
		return map[string]any{"big": make(chan int)}, nil
	},
	"throw":           func(t task) (any, error) { return nil, errors.New(t.Message) },
	"throw permanent": func(t task) (any, error) { return nil, permanent{errors.New(t.Message)} },
	"throw the unreadable": func(t task) (any, error) {
		var none *unreadable
		if t.Thrown {
			panic(none)
		}
		return nil, none
	},
	"throw permanently named": func(task) (any, error) { return nil, PermanentError{} },
	"return not a number": func(t task) (any, error) {
		switch t.In {
		case "list":
			return []any{nil, math.NaN()}, nil
		case "object":
			return map[string]any{"a": nil, "b": map[string]any{"c": math.Inf(-1)}}, nil
		}
		return math.NaN(), nil
	},
	"throw a non-error": func(t task) (any, error) { panic(t.Value) },
	"block": func(task) (any, error) {
		for turns := 0; ; turns++ {
			_ = turns
		}
	},
	"fail later": func(t task) (any, error) {
		time.AfterFunc(20*time.Millisecond, func() { panic(t.Message) })
		return ok, nil
	},
	"exit": func(t task) (any, error) {
		os.Exit(t.Code)
		return nil, nil
	},
	"print": func(t task) (any, error) {
		file := map[string]*os.File{"stdout": os.Stdout, "stderr": os.Stderr}[t.Stream]
		for _, part := range t.Parts {
			fmt.Fprint(file, part)
			time.Sleep(time.Millisecond)
		}
		return ok, nil
	},
	"use the dependency": func(task) (any, error) { return strcase.ToKebab("theDependencyWasUsed"), nil },
	"environment": func(t task) (any, error) {
		if value, set := os.LookupEnv(t.Name); set {
			return value, nil
		}
		return nil, nil
	},
	"write a file": func(t task) (any, error) { return nil, os.WriteFile(t.Path, []byte("x"), 0o600) },
}

func report(ctx context.Context, event Event) map[string]any {
	deadline, _ := ctx.Deadline()
	told := map[string]any{
		"kind":          "none",
		"event":         event.Attributes(),
		"contextId":     event.ContextID,
		"correlationId": event.CorrelationID,
		"traceparent":   event.TraceParent,
		"remainingMs":   time.Until(deadline).Milliseconds(),
		"services":      services(event),
	}
	var text string
	switch {
	case event.Data == nil:
	case json.Valid(event.Data) && event.Decode(&json.RawMessage{}) == nil:
		told["kind"], told["data"] = "value", json.RawMessage(event.Data)
	case event.Decode(&text) == nil:
		told["kind"], told["data"] = "value", text
	default:
		told["kind"], told["data"] = "bytes", base64.StdEncoding.EncodeToString(event.Data)
	}
	return told
}

func services(event Event) map[string]any {
	given := map[string]any{"grpcInsecure": event.Services.GRPCInsecure}
	for name, address := range map[string]string{
		"subscriptionManager": event.Services.SubscriptionManager, "ephemeralStorage": event.Services.EphemeralStorage,
		"persistentStorage": event.Services.PersistentStorage, "fusionFetchProxy": event.Services.FusionFetchProxy,
		"evmRpc": event.Services.EVMRPC, "solanaRpc": event.Services.SolanaRPC, "suiRpc": event.Services.SuiRPC,
	} {
		if address != "" {
			given[name] = address
		}
	}
	return given
}
