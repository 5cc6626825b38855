package http1

import (
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// largestJoined: a larger body is not copied behind its head but sent from where it is.
const largestJoined = 16 * 1024

// date is the Date header of one second.
type date struct {
	unix int64
	line string
}

var today atomic.Pointer[date]

func dateLine() string {
	now := time.Now()
	last := today.Load()
	if last == nil || last.unix != now.Unix() {
		last = &date{now.Unix(), "date: " + now.UTC().Format(http.TimeFormat) + "\r\n"}
		today.Store(last)
	}
	return last.line
}

// send writes an answer with one system call; buffer is used again for the next.
func send(conn net.Conn, buffer []byte, answer Response, keepAlive, headOnly bool) ([]byte, error) {
	buffer = appendHead(buffer[:0], answer, keepAlive)
	if headOnly || answer.Status == http.StatusNoContent {
		_, err := conn.Write(buffer)
		return buffer, err
	}
	if len(answer.Body) <= largestJoined {
		buffer = append(buffer, answer.Body...)
		_, err := conn.Write(buffer)
		return buffer, err
	}
	parts := net.Buffers{buffer, answer.Body}
	_, err := parts.WriteTo(conn)
	return buffer, err
}

func appendHead(buffer []byte, answer Response, keepAlive bool) []byte {
	buffer = append(buffer, "HTTP/1.1 "...)
	buffer = strconv.AppendInt(buffer, int64(answer.Status), 10)
	buffer = append(buffer, ' ')
	buffer = append(buffer, http.StatusText(answer.Status)...)
	buffer = append(buffer, "\r\n"...)
	for _, header := range answer.Headers {
		buffer = append(buffer, header.Name...)
		buffer = append(buffer, ": "...)
		buffer = append(buffer, header.Value...)
		buffer = append(buffer, "\r\n"...)
	}
	if answer.Status != http.StatusNoContent {
		buffer = append(buffer, "content-length: "...)
		buffer = strconv.AppendInt(buffer, int64(len(answer.Body)), 10)
		buffer = append(buffer, "\r\n"...)
	}
	buffer = append(buffer, dateLine()...)
	if !keepAlive {
		buffer = append(buffer, "connection: close\r\n"...)
	}
	return append(buffer, "\r\n"...)
}
