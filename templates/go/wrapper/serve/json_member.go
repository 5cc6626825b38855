package serve

import (
	"bytes"
	"encoding/json"
)

// memberOf is the value of an object's member, nil when there is none; its name is given in quotes. The text is known to be valid JSON, so its structure can be
// followed by brackets and quotes alone: decoding all of it for one member would cost more than a short function.
func memberOf(text json.RawMessage, quoted string) json.RawMessage {
	if !bytes.Contains(text, []byte(quoted)) && !bytes.Contains(text, []byte(`\u`)) {
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
		isWanted := isKey(text[key:at], quoted)
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

// isKey compares a name as it is written, which may be with escapes.
func isKey(written []byte, quoted string) bool {
	if bytes.IndexByte(written, '\\') < 0 {
		return string(written) == quoted
	}
	return textOf(written) == quoted[1:len(quoted)-1]
}

// textOf is what a JSON string says; "" for any other value.
func textOf(value json.RawMessage) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var text string
	_ = json.Unmarshal(value, &text) // the value is valid JSON, and a string
	return text
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
