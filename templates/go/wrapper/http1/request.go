// Package http1 is an HTTP/1.1 server for one kind of handler: it gets the whole request and gives the whole answer.
// net/http can do far more, and its general ways (a header map that is made twice, a second reader on every connection) cost a
// function that answers in microseconds more than the function itself. The parser is strict: two readers of one request must
// never disagree on where it ends (RFC 9112).
package http1

// Header is one line of a head: its name in lower case, its value without white space around.
type Header struct{ Name, Value string }

// Request is a request with all of its body.
type Request struct {
	Method, Path string
	// Headers in the order in which they came.
	Headers []Header
	Body    []byte

	version         string
	length          int64 // -1 if the head does not say it
	chunked         bool
	keepAlive       bool
	expectsContinue bool
}

// First is the first value of a header, "" if there is none.
func (r *Request) First(name string) string {
	for at := range r.Headers {
		if r.Headers[at].Name == name {
			return r.Headers[at].Value
		}
	}
	return ""
}

// Response is an answer. The server adds Content-Length, Date and Connection.
type Response struct {
	Status  int
	Headers []Header
	Body    []byte
}

// Refusal is a request that cannot be read any further: it is answered, and the connection closed.
type Refusal struct {
	// Code is MALFORMED_REQUEST, BODY_TOO_LARGE or HEADERS_TOO_LARGE.
	Code, Field, Detail string
}

func (r *Refusal) Error() string { return r.Detail }

func malformed(detail string) error { return &Refusal{Code: "MALFORMED_REQUEST", Detail: detail} }
