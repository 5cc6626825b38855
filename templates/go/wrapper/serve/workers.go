package serve

import "sync/atomic"

// mostIdle goroutines wait for the next event: as many as a container gets at once from Knative, and some more.
const mostIdle = 64

// workers keep goroutines for the next event: a new one begins with a small stack, and growing it takes as long as a short
// function. One that a function never gives back is replaced by another.
type workers struct {
	next chan func()
	idle atomic.Int64
}

func newWorkers() *workers { return &workers{next: make(chan func())} }

// do runs the work at once, beside the caller.
func (w *workers) do(work func()) {
	select {
	case w.next <- work:
	default:
		go w.run(work)
	}
}

func (w *workers) run(work func()) {
	for {
		work()
		if w.idle.Add(1) > mostIdle {
			w.idle.Add(-1)
			return
		}
		work = <-w.next
		w.idle.Add(-1)
	}
}
