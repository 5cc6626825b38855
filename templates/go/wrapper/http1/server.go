package http1

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers requests on a listener.
type Server struct {
	// Handle answers a request; what it returns beside the answer is called when that has left.
	Handle func(*Request) (answer Response, written func())
	// Refuse answers what is no request that could be handled.
	Refuse func(*Refusal) Response
	// Stopping tells whether connections are closed after their next answer.
	Stopping func() bool
	// BodyLimit is in bytes.
	BodyLimit int64

	mutex       sync.Mutex
	connections map[*connection]struct{}
	seconds     atomic.Int64
}

// Serve takes connections until the listener is closed.
func (s *Server) Serve(listener net.Listener) error {
	s.connections = map[*connection]struct{}{}
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	go func() {
		for range clock.C {
			s.closeOverdue(s.seconds.Add(1))
		}
	}()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond) // out of file descriptors: let some close
			continue
		}
		c := &connection{Conn: conn, server: s}
		s.mutex.Lock()
		s.connections[c] = struct{}{}
		s.mutex.Unlock()
		go c.serve()
	}
}

func (s *Server) forget(c *connection) {
	s.mutex.Lock()
	delete(s.connections, c)
	s.mutex.Unlock()
	c.Close()
}

func (s *Server) closeOverdue(now int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for c := range s.connections {
		if c.isOverdue(now) {
			c.Close()
		}
	}
}
