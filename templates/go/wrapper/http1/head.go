package http1

import (
	"strconv"
	"strings"
)

// parseHead reads the bytes before the empty line, without it.
func parseHead(text string) (*Request, error) {
	line, rest, _ := strings.Cut(text, "\r\n")
	r := &Request{length: -1, Headers: make([]Header, 0, 16)}
	if err := r.readRequestLine(line); err != nil {
		return nil, err
	}
	hosts := 0
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, colon := strings.Cut(line, ":")
		// A space before the colon, or a folded line, is where request smuggling begins (section 5).
		if !colon || !isToken(name) {
			return nil, malformed("A header's name is not a token")
		}
		value = trimSpace(value)
		if hasControl(value) {
			return nil, malformed("A header has a control character")
		}
		header := Header{lower(name), value}
		r.Headers = append(r.Headers, header)
		if header.Name == "host" {
			hosts++
		} else if err := r.frame(header); err != nil {
			return nil, err
		}
	}
	if r.version == "HTTP/1.1" && hosts != 1 {
		return nil, malformed("A request has exactly one Host header")
	}
	if r.chunked && (r.length >= 0 || r.version == "HTTP/1.0") {
		return nil, malformed("A request has either a Content-Length or a transfer coding")
	}
	return r, nil
}

func (r *Request) readRequestLine(line string) error {
	method, rest, _ := strings.Cut(line, " ")
	target, version, _ := strings.Cut(rest, " ")
	if !isToken(method) || hasControl(target) {
		return malformed("The request line is not METHOD TARGET VERSION")
	}
	if version != "HTTP/1.1" && version != "HTTP/1.0" {
		return malformed("Only HTTP/1.1 is spoken here")
	}
	for _, scheme := range []string{"http://", "https://"} {
		if after, absolute := strings.CutPrefix(target, scheme); absolute {
			_, path, _ := strings.Cut(after, "/")
			target = "/" + path
		}
	}
	path, _, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(path, "/") && path != "*" {
		return malformed("The request target is not a path")
	}
	r.Method, r.Path, r.version, r.keepAlive = method, path, version, version == "HTTP/1.1"
	return nil
}

// frame reads what says where the request ends, and what becomes of the connection.
func (r *Request) frame(header Header) error {
	switch header.Name {
	case "content-length":
		length, err := strconv.ParseUint(header.Value, 10, 62)
		if err != nil || strings.Trim(header.Value, "0123456789") != "" {
			return malformed("Content-Length is not a number")
		}
		if r.length >= 0 && r.length != int64(length) {
			return malformed("Content-Length is given twice")
		}
		r.length = int64(length)
	case "transfer-encoding":
		if !strings.EqualFold(header.Value, "chunked") || r.chunked {
			return malformed("The only transfer coding spoken here is chunked")
		}
		r.chunked = true
	case "expect":
		r.expectsContinue = strings.EqualFold(header.Value, "100-continue") && r.version == "HTTP/1.1"
	case "connection":
		for option := range strings.SplitSeq(header.Value, ",") {
			switch strings.ToLower(trimSpace(option)) {
			case "close":
				r.keepAlive = false
				return nil
			case "keep-alive":
				r.keepAlive = true
			}
		}
	}
	return nil
}

// characters of a token (RFC 9110, section 5.6.2).
var isTokenCharacter = func() (table [256]bool) {
	for _, character := range []byte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		table[character] = true
	}
	return table
}()

func isToken(text string) bool {
	for at := range len(text) {
		if !isTokenCharacter[text[at]] {
			return false
		}
	}
	return text != ""
}

// hasControl: no control character but the tab (RFC 9110, section 5.5).
func hasControl(text string) bool {
	for at := range len(text) {
		if character := text[at]; character < ' ' && character != '\t' || character == 0x7f {
			return true
		}
	}
	return false
}

func trimSpace(text string) string { return strings.Trim(text, " \t") }

func lower(name string) string {
	for at := range len(name) {
		if name[at] >= 'A' && name[at] <= 'Z' {
			return strings.ToLower(name)
		}
	}
	return name
}
