package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	longestHead = 16 * 1024
	// lingering is how long a client may go on sending after its last answer.
	lingering = 5 * time.Second
)

// What a connection waits for, and how long it may. A request that does not arrive whole in its time never will; an idle
// connection is kept longer than any proxy in front keeps one: who closes first must not be the one who is sent to.
type phase int32

const (
	idle phase = iota
	inHead
	inBody
	inHand // the function's own time
	inAnswer
)

var patience = map[phase]time.Duration{
	idle: 120 * time.Second, inHead: 20 * time.Second, inBody: 60 * time.Second, inAnswer: 120 * time.Second,
}

// connection is one client: requests follow one another, each answered before the next is read.
type connection struct {
	net.Conn
	server *Server
	reader *bufio.Reader
	buffer []byte
	phase  atomic.Int32
	since  atomic.Int64 // when the phase began, in the server's seconds
}

func (c *connection) enter(next phase) {
	c.phase.Store(int32(next))
	c.since.Store(c.server.seconds.Load())
}

func (c *connection) isOverdue(now int64) bool {
	limit, waits := patience[phase(c.phase.Load())]
	return waits && now-c.since.Load() > int64(limit/time.Second)
}

// serve answers requests until one side has enough.
func (c *connection) serve() {
	defer c.server.forget(c)
	c.reader = bufio.NewReaderSize(c.Conn, longestHead+4)
	for {
		request, err := c.read()
		var refusal *Refusal
		if errors.As(err, &refusal) {
			c.buffer, _ = send(c.Conn, c.buffer, c.server.Refuse(refusal), false, false)
			c.linger()
			return
		}
		if err != nil || !c.answer(request) {
			return
		}
	}
}

func (c *connection) answer(request *Request) bool {
	c.enter(inHand)
	answer, written := c.server.Handle(request)
	defer written()
	c.enter(inAnswer)
	keepAlive := request.keepAlive && !c.server.Stopping()
	var err error
	c.buffer, err = send(c.Conn, c.buffer, answer, keepAlive, request.Method == "HEAD")
	if cap(c.buffer) > 4*largestJoined {
		c.buffer = nil
	}
	if err == nil && !keepAlive {
		c.linger()
	}
	return err == nil && keepAlive
}

func (c *connection) read() (*Request, error) {
	c.enter(idle)
	head, err := c.readHead()
	if err != nil {
		return nil, err
	}
	request, err := parseHead(head)
	if err != nil {
		return nil, err
	}
	if request.length <= 0 && !request.chunked {
		return request, nil
	}
	c.enter(inBody)
	if request.expectsContinue && c.reader.Buffered() == 0 && request.length <= c.server.BodyLimit {
		if _, err := io.WriteString(c.Conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return nil, err
		}
	}
	return request, request.readBody(c.reader, c.server.BodyLimit)
}

// readHead waits for an empty line. What follows it stays in the reader.
func (c *connection) readHead() (string, error) {
	for seen := 0; ; {
		_, err := c.reader.Peek(seen + 1)
		if err == bufio.ErrBufferFull {
			return "", &Refusal{Code: "HEADERS_TOO_LARGE", Detail: "The head of the request is larger than 16384 bytes"}
		}
		if err != nil {
			return "", err
		}
		if seen == 0 {
			c.enter(inHead)
		}
		arrived, _ := c.reader.Peek(c.reader.Buffered())
		if bytes.HasPrefix(arrived, []byte("\r\n")) { // section 2.2: an empty line before the request line is ignored
			_, _ = c.reader.Discard(2)
			seen = 0
			continue
		}
		if end := bytes.Index(arrived, []byte("\r\n\r\n")); end >= 0 {
			head := string(arrived[:end])
			_, _ = c.reader.Discard(end + 4)
			return head, nil
		}
		seen = len(arrived)
	}
}

// linger: section 9.6: if the connection were closed on a client that still sends, its last answer would be lost.
func (c *connection) linger() {
	if closer, can := c.Conn.(interface{ CloseWrite() error }); can && closer.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, c.Conn)
}
