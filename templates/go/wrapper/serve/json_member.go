package serve

import (
	"bytes"
	"encoding/json"
)

// memberOf is the value of an object's member, nil when there is none. The text is known to be valid JSON, so its structure can be
// followed by brackets and quotes alone: decoding all of it for one member would cost more than a short function.
func memberOf(text json.RawMessage, name string) json.RawMessage {
	quoted, _ := json.Marshal(name)
	if !bytes.Contains(text, quoted) {
		return nil
	}
	var found json.RawMessage
	at := skipSpace(text, 0)
	if text[at] != '{' {
		return nil
	}
	for at = skipSpace(text, at+1); text[at] != '}'; {
		key := at
		at = skipString(text, at)
		isWanted := bytes.Equal(text[key:at], quoted)
		begin := skipSpace(text, skipSpace(text, at)+1)
		at = skipValue(text, begin)
		if isWanted {
			found = text[begin:at] // of a name that is given twice the last value stands
		}
		if at = skipSpace(text, at); text[at] == ',' {
			at = skipSpace(text, at+1)
		}
	}
	return found
}

func skipSpace(text []byte, at int) int {
	for text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r' {
		at++
	}
	return at
}

// skipString begins at the opening quote and ends behind the closing one.
func skipString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

func skipValue(text []byte, at int) int {
	depth := 0
	for {
		switch text[at] {
		case '"':
			at = skipString(text, at) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at // a number or a word ends where the object does
			}
			depth--
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return at
			}
		}
		at++
		if depth == 0 && (text[at-1] == '"' || text[at-1] == '}' || text[at-1] == ']') {
			return at
		}
	}
}
