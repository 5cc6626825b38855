package serve

import (
	"strings"
	"unicode/utf8"
)

// decodeHeader reads an attribute out of a header value (HTTP binding 3.1.3.2): double quotes and their escapes first, then one
// round of percent-decoding. Raw UTF-8 of older senders is taken, too.
func decodeHeader(name, raw string) (string, error) {
	value := raw
	if strings.HasPrefix(value, `"`) {
		unquoted, whole := unquote(value)
		if !whole {
			return "", refuseAttribute(name, "has a double-quoted string without its end (RFC 7230, section 3.2.6)")
		}
		value = unquoted
	}
	if strings.Contains(value, "%") {
		value = percentDecode(value)
	}
	if !utf8.ValidString(value) {
		return "", refuseAttribute(name, "has bytes that are no UTF-8")
	}
	return value, nil
}

func unquote(value string) (text string, whole bool) {
	var inside strings.Builder
	for at := 1; at < len(value); at++ {
		switch value[at] {
		case '"':
			return inside.String(), at == len(value)-1
		case '\\':
			at++
			if at == len(value) {
				return "", false
			}
		}
		inside.WriteByte(value[at])
	}
	return "", false
}

// percentDecode leaves a percent sign that starts no sequence: senders that do not encode are common, and nothing is lost by it.
func percentDecode(value string) string {
	var decoded strings.Builder
	for at := 0; at < len(value); at++ {
		if value[at] == '%' && at+2 < len(value) && isHex(value[at+1]) && isHex(value[at+2]) {
			decoded.WriteByte(hexValue(value[at+1])<<4 | hexValue(value[at+2]))
			at += 2
		} else {
			decoded.WriteByte(value[at])
		}
	}
	return decoded.String()
}

func hexValue(digit byte) byte {
	if digit <= '9' {
		return digit - '0'
	}
	return digit&7 + 9
}

// encodeHeader percent-encodes everything but printable ASCII, and space, quote and percent: no value can break out of its header.
func encodeHeader(value string) string {
	const digits = "0123456789ABCDEF"
	plain := func(character byte) bool {
		return character > ' ' && character <= '~' && character != '"' && character != '%'
	}
	at := 0
	for at < len(value) && plain(value[at]) {
		at++
	}
	if at == len(value) {
		return value
	}
	var encoded strings.Builder
	for _, character := range []byte(value) {
		if plain(character) {
			encoded.WriteByte(character)
		} else {
			encoded.Write([]byte{'%', digits[character>>4], digits[character&15]})
		}
	}
	return encoded.String()
}
