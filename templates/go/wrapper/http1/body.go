package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

const (
	longestChunkLine = 1024
	longestTrailer   = 16 * 1024
)

// readBody gathers the body that the head announces, and never more than the limit.
func (r *Request) readBody(from *bufio.Reader, limit int64) (err error) {
	switch {
	case r.chunked:
		r.Body, err = readChunks(from, limit)
	case r.length > limit:
		return tooLarge(limit)
	case r.length > 0:
		r.Body = make([]byte, r.length)
		_, err = io.ReadFull(from, r.Body)
	}
	return err
}

func tooLarge(limit int64) error {
	return &Refusal{"BODY_TOO_LARGE", "body", fmt.Sprintf("The body is larger than %d bytes", limit)}
}

// readChunks: RFC 9112, section 7.1. Extensions and trailers are read and dropped.
func readChunks(from *bufio.Reader, limit int64) ([]byte, error) {
	body := []byte{}
	for {
		size, err := readChunkSize(from)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return body, readTrailer(from)
		}
		if int64(len(body))+size > limit {
			return nil, tooLarge(limit)
		}
		begin := len(body)
		body = append(body, make([]byte, size)...)
		if _, err := io.ReadFull(from, body[begin:]); err != nil {
			return nil, err
		}
		if end, err := readLine(from, longestChunkLine); err != nil || len(end) > 0 {
			return nil, orMalformed(err, "A chunk is longer than its size")
		}
	}
}

func readChunkSize(from *bufio.Reader) (int64, error) {
	line, err := readLine(from, longestChunkLine)
	if err != nil {
		return 0, err
	}
	digits, _, _ := bytes.Cut(line, []byte{';'})
	digits = bytes.TrimRight(digits, " \t")
	for _, digit := range digits {
		if (digit < '0' || digit > '9') && (digit|32 < 'a' || digit|32 > 'f') {
			return 0, malformed("A chunk's size is not a number")
		}
	}
	size, err := strconv.ParseInt(string(digits), 16, 60)
	if err != nil {
		return 0, malformed("A chunk's size is not a number")
	}
	return size, nil
}

func readTrailer(from *bufio.Reader) error {
	for left := longestTrailer; left > 0; {
		line, err := readLine(from, left)
		if err != nil || len(line) == 0 {
			return err
		}
		left -= len(line)
	}
	return malformed("The trailer is too long")
}

// readLine gives a line without its end, which is CR LF and nothing else.
func readLine(from *bufio.Reader, longest int) ([]byte, error) {
	line, err := from.ReadSlice('\n')
	if err == bufio.ErrBufferFull || len(line) > longest+2 {
		return nil, malformed("A line of the body is too long")
	}
	if err != nil {
		return nil, err
	}
	line, whole := bytes.CutSuffix(line, []byte("\r\n"))
	if !whole || bytes.IndexByte(line, '\r') >= 0 {
		return nil, malformed("A line of the body does not end as it must")
	}
	return line, nil
}

func orMalformed(err error, detail string) error {
	if err != nil {
		return err
	}
	return malformed(detail)
}
