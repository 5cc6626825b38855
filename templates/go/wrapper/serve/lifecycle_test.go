package serve

import (
	"testing"
	"time"
)

func TestIsNotDrainedWhileARequestIsToldToComeAgain(t *testing.T) {
	l := &lifecycle{idle: make(chan struct{}, 1), ending: &clean}
	l.took()
	l.gave() // idle, but before that is noticed the next one is here
	l.took()
	ended := make(chan int, 1)
	go func() { ended <- l.drained(nil) }()
	select {
	case <-ended:
		t.Fatal("did not wait for what is in hand")
	case <-time.After(50 * time.Millisecond):
	}
	l.gave()
	if left := <-ended; left != 0 {
		t.Errorf("%d left", left)
	}
	l.took()
	over := make(chan time.Time)
	close(over)
	if left := l.drained(over); left != 1 {
		t.Errorf("%d left when the time is over", left)
	}
}
