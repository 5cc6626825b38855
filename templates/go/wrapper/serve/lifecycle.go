package serve

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// ending is how the process will end, once it has begun to.
type ending struct {
	code    int
	level   level
	message string
}

var (
	clean     = ending{0, infoLevel, "stopped"}
	isBlocked = ending{1, fatalLevel, "function blocks the process"}
)

// lifecycle is the process's end. As process 1 of a container nothing happens at a signal unless it is handled here.
type lifecycle struct {
	log    *logger
	drain  time.Duration
	mutex  sync.Mutex
	ending *ending
	inHand int
	idle   chan struct{}
}

func newLifecycle(log *logger, drain time.Duration) *lifecycle {
	l := &lifecycle{log: log, drain: drain, idle: make(chan struct{}, 1)}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		// A terminal and a supervisor may both say it: the second time must not cut the work short.
		for told := range signals {
			name := "SIGTERM"
			if told == syscall.SIGINT {
				name = "SIGINT"
			}
			l.stop(clean, field{"signal", name})
		}
	}()
	return l
}

func (l *lifecycle) stopping() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.ending != nil
}

func (l *lifecycle) took() {
	l.mutex.Lock()
	l.inHand++
	l.mutex.Unlock()
}

func (l *lifecycle) gave() {
	l.mutex.Lock()
	l.inHand--
	if l.ending != nil && l.inHand == 0 {
		select {
		case l.idle <- struct{}{}:
		default:
		}
	}
	l.mutex.Unlock()
}

// blocked: the function took goroutines that it never gives back. What is in hand is answered, then the platform starts anew.
func (l *lifecycle) blocked() { l.stop(isBlocked) }

// stop makes the process not ready from now on; it ends when nothing is in hand any more, or when the time to drain is over.
func (l *lifecycle) stop(how ending, fields ...field) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.ending != nil {
		return
	}
	l.ending = &how
	l.log.say(infoLevel, "stopping", nil, append([]field{{"in_flight", l.inHand}}, fields...)...)
	go l.end(how)
}

func (l *lifecycle) end(how ending) {
	if left := l.drained(time.After(l.drain)); left > 0 {
		l.log.always(errorLevel, "stopped with work in hand", nil, field{"in_flight", left})
		os.Exit(1)
	}
	l.log.always(how.level, how.message, nil)
	os.Exit(how.code)
}

// drained waits until nothing is in hand, and gives what still is when the time is over. A request that comes meanwhile is in hand
// while it is told to come again: being idle may be over before it is noticed here.
func (l *lifecycle) drained(over <-chan time.Time) int {
	for {
		l.mutex.Lock()
		left := l.inHand
		l.mutex.Unlock()
		if left == 0 {
			return 0
		}
		select {
		case <-l.idle:
		case <-over:
			return left
		}
	}
}
