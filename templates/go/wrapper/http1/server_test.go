package http1

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T) (*Server, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{
		Handle: func(r *Request) (Response, func()) {
			return Response{Status: 200, Headers: []Header{{"x-path", r.Path}}, Body: r.Body}, func() {}
		},
		Refuse:    func(r *Refusal) Response { return Response{Status: 400, Body: []byte(r.Code)} },
		Stopping:  func() bool { return false },
		BodyLimit: 1000,
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { listener.Close() })
	return server, listener.Addr().String()
}

// exchange sends all, and hears all until the server hangs up.
func exchange(t *testing.T, address, sent string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(conn, sent) }()
	heard, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%v after %q", err, heard)
	}
	return string(heard)
}

func TestAnswersRequestsThatComeAtOnceInTheirOrder(t *testing.T) {
	_, address := start(t)
	heard := exchange(t, address, "\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"+
		"HEAD /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	order := []string{"x-path: /1", "\r\n\r\nhiHTTP", "x-path: /2", "\r\n\r\nHTTP", "x-path: /3", "connection: close"}
	for _, next := range order {
		_, after, found := strings.Cut(heard, next)
		if !found {
			t.Fatalf("no %q in %q", next, heard)
		}
		heard = after
	}
}

func TestItsRefusalArrivesThoughTheClientStillSends(t *testing.T) {
	_, address := start(t)
	for _, body := range []string{"Content-Length: 5000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n4c4b40\r\n"} {
		heard := exchange(t, address, "POST / HTTP/1.1\r\nHost: a\r\n"+body+strings.Repeat("x", 5_000_000))
		if !strings.HasSuffix(heard, "BODY_TOO_LARGE") {
			t.Errorf("%.200q", heard)
		}
	}
}

func TestAsksForABodyThatWaitsToBeAskedFor(t *testing.T) {
	_, address := start(t)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	first := make([]byte, 25)
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatal(err, string(first))
	}
	_, _ = io.WriteString(conn, "hi")
	if _, err := io.ReadFull(conn, first[:12]); err != nil || string(first[:12]) != "HTTP/1.1 200" {
		t.Fatal(err, string(first[:12]))
	}
}

func TestHangsUpOnARequestThatDoesNotArrive(t *testing.T) {
	server, address := start(t)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHo")
	time.Sleep(100 * time.Millisecond)
	server.closeOverdue(server.seconds.Load() + 19)
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); err == io.EOF {
		t.Fatal("hung up too early")
	}
	server.closeOverdue(server.seconds.Load() + 22)
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
}
