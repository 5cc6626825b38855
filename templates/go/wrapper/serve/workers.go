package serve

import "time"

// workerPatience is how long a goroutine waits for the next event before it ends.
const workerPatience = 10 * time.Second

// workers keep goroutines for the next event: a new one begins with a small stack, and growing it takes as long as a short
// function. One that a function never gives back is replaced by another.
type workers struct{ idle chan func() }

func newWorkers() workers { return workers{make(chan func())} }

// do runs the work at once, beside the caller.
func (w workers) do(work func()) {
	select {
	case w.idle <- work:
	default:
		go w.run(work)
	}
}

func (w workers) run(work func()) {
	patience := time.NewTimer(workerPatience)
	for {
		work()
		patience.Reset(workerPatience)
		select {
		case work = <-w.idle:
		case <-patience.C:
			return
		}
	}
}
