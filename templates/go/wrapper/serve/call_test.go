package serve

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"knative-lambda.local/lambda"
)

func executorOf(function Function, timeout time.Duration) *executor {
	c := config{tenant: "a", name: "b", timeout: timeout, level: fatalLevel}
	return &executor{
		function: function, config: c, log: newLogger(os.Stdout, c), metrics: &metrics{}, workers: newWorkers(), blocked: func() {},
	}
}

func (e *executor) runOne() outcome {
	return e.run(&received{Event: lambda.Event{ID: "1", Source: "s"}}, "").outcome
}

type typed struct{ words string }

func (t *typed) Error() string { return t.words }

type circular struct{}

func (circular) Error() string { panic(circular{}) }

type undecided struct{ error }

func (undecided) Retryable() bool { panic("who knows") }

type leaving struct{}

func (leaving) Error() string { runtime.Goexit(); return "" }

func TestAnErrorThatCannotBeReadIsStillAFailure(t *testing.T) {
	var none *typed
	for name, bad := range map[string]error{
		"typed nil": none, "panics with itself": circular{}, "no answer to retryable": undecided{errors.New("x")}, "leaves": leaving{},
	} {
		for way, function := range map[string]Function{
			"returned": func(context.Context, lambda.Event) (any, error) { return nil, bad },
			"thrown":   func(context.Context, lambda.Event) (any, error) { panic(bad) },
		} {
			ended := executorOf(function, time.Second).runOne()
			if name == "leaves" && way == "thrown" {
				continue // the second end of the goroutine is inside its first
			}
			if ended.kind != failure || ended.code != "FUNCTION_ERROR" || ended.message == "" {
				t.Errorf("%s, %s: %+v", name, way, ended)
			}
		}
	}
}

func TestAFunctionThatHeedsItsContextIsNeverStuck(t *testing.T) {
	const timeout = time.Millisecond
	e := executorOf(func(ctx context.Context, _ lambda.Event) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}, timeout)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				if kind := e.runOne().kind; kind != timedOut {
					t.Errorf("ended as %d", kind)
				}
			}
		})
	}
	all.Wait()
	for patience := time.Now().Add(5 * time.Second); e.stuck.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatalf("%d are counted as stuck, and all have returned", e.stuck.Load())
		}
	}
}
