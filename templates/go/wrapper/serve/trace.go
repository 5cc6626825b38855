package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// trace is W3C Trace Context, level 1: one trace runs from the event through the build to the function.
type trace struct{ traceID, spanID, flags string }

func (t trace) String() string { return "00-" + t.traceID + "-" + t.spanID + "-" + t.flags }

// traceOf is a span of the event's trace, else of the request's, else of a new one.
func traceOf(event *received, header string) trace {
	for _, parent := range []string{event.extension("traceparent"), header} {
		if traceID, flags, valid := parseTraceparent(parent); valid {
			return trace{traceID, randomDigits(8), flags}
		}
	}
	return trace{randomDigits(16), randomDigits(8), "01"}
}

// parseTraceparent: section 3.2: version ff and ids of only zeros are invalid; a higher version may carry more fields.
func parseTraceparent(text string) (traceID, flags string, valid bool) {
	if len(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return "", "", false
	}
	version, traceID, parentID, flags, more := text[:2], text[3:35], text[36:52], text[53:55], text[55:]
	for _, part := range []string{version, traceID, parentID, flags} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return "", "", false
		}
	}
	if version == "ff" || more != "" && (version == "00" || more[0] != '-') {
		return "", "", false
	}
	return traceID, flags, strings.Trim(traceID, "0") != "" && strings.Trim(parentID, "0") != ""
}

// randomDigits are hexadecimal, two for each byte. Ids need to be unlike each other, not unforeseeable; never only zeros.
func randomDigits(count int) string {
	var random [16]byte
	for at := 0; at < count; at += 8 {
		number := rand.Uint64() | 1
		for row := range 8 {
			random[at+row] = byte(number >> (8 * row))
		}
	}
	return hex.EncodeToString(random[:count])
}

// correlationOf is the sender's own id, or one that a retry of the event gets again.
func correlationOf(event *received) string {
	given := event.extension("correlationid")
	if given != "" && len(given) <= 128 && strings.IndexFunc(given, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
		return given
	}
	sum := sha256.Sum256([]byte(event.Source + "\x00" + event.ID))
	return hex.EncodeToString(sum[:16])
}
