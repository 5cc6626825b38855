package http1

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

const line = "POST / HTTP/1.1\r\nHost: a\r\n"

func TestReadsNamesInLowerCaseAndValuesWithoutWhiteSpace(t *testing.T) {
	r, err := parseHead(line + "CE-Id: \t x y \t\r\nA:")
	if err != nil || r.First("ce-id") != "x y" || r.First("a") != "" || len(r.Headers) != 3 {
		t.Fatal(r, err)
	}
}

func TestRefusesWhatTwoReadersCouldReadInTwoWays(t *testing.T) {
	for _, head := range []string{
		"", "GET", "GET /", "GET  / HTTP/1.1", "G\x00T / HTTP/1.1", "GET / HTTP/2.0", "GET /a b HTTP/1.1", "GET a HTTP/1.1",
		"POST / HTTP/1.1", line + "Host: b", line + "A : b", line + " folded", line + ": x", line + "A", line + "A\x00: b",
		line + "A: b\x00", line + "A: b\rC: d", line + "A: b\nC: d", line + "\u00e9: b",
		line + "Content-Length: 1\r\nContent-Length: 2", line + "Content-Length: -1", line + "Content-Length: +1",
		line + "Content-Length: 1_0", line + "Content-Length: \u00b2", line + "Content-Length: 99999999999999999999",
		line + "Content-Length:", line + "Transfer-Encoding: gzip", line + "Transfer-Encoding: chunked, chunked",
		line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", line + "Transfer-Encoding: chunked\r\nContent-Length: 1",
	} {
		var refusal *Refusal
		if _, err := parseHead(head); !errors.As(err, &refusal) || refusal.Code != "MALFORMED_REQUEST" {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestKeepsAConnectionAsItsVersionSays(t *testing.T) {
	for head, keeps := range map[string]bool{
		line:                          true,
		line + "Connection: x, Close": false,
		"GET / HTTP/1.0":              false,
		"GET / HTTP/1.0\r\nConnection: Keep-Alive": true,
	} {
		if r, err := parseHead(strings.TrimSuffix(head, "\r\n")); err != nil || r.keepAlive != keeps {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func readBody(r *Request, wire string, limit int64) error {
	return r.readBody(bufio.NewReader(iotest.OneByteReader(strings.NewReader(wire))), limit)
}

func TestJoinsABodyWhateverItsPieces(t *testing.T) {
	counted, chunked := &Request{length: 5}, &Request{chunked: true}
	if err := readBody(counted, "helloNEXT", 9); err != nil || string(counted.Body) != "hello" {
		t.Error(err, counted.Body)
	}
	wire := "4\r\nWiki\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\nNEXT"
	if err := readBody(chunked, wire, 14); err != nil || string(chunked.Body) != "Wiki0123456789" {
		t.Error(err, chunked.Body)
	}
}

func TestTakesABodyOfTheLimitAndNotOneByteMore(t *testing.T) {
	for _, r := range []*Request{{length: 5}, {chunked: true}} {
		var refusal *Refusal
		if err := readBody(r, "2\r\nab\r\n3\r\n", 4); !errors.As(err, &refusal) || refusal.Code != "BODY_TOO_LARGE" {
			t.Error(err)
		}
	}
}

func TestRefusesABrokenChunk(t *testing.T) {
	for _, wire := range []string{
		"x\r\n", "\r\n", "-1\r\n", "0x1\r\n", "1\r\nab\r\n", "1\nab", strings.Repeat("f", 16) + "\r\n",
		strings.Repeat("1", 2000), "0\r\n" + strings.Repeat("a", 20_000),
	} {
		var refusal *Refusal
		if err := readBody(&Request{chunked: true}, wire, 1<<50); !errors.As(err, &refusal) {
			t.Errorf("%.20q: %v", wire, err)
		}
	}
}
