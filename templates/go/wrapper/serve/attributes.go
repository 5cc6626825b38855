package serve

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const nameRule = "has a name that is not lower-case letters and digits (section 3)"

// longestValue: longer values could not be handed on as HTTP headers by the next hop.
const longestValue = 8192

var (
	mediaForm     = pattern("TOKEN/TOKEN(?:[ \t]*;[ \t]*TOKEN=(?:TOKEN|\"(?:[^\"\\\\]|\\\\.)*\"))*[ \t]*;?")
	timestampForm = pattern(`(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)`)
)

// pattern is compiled when it is first asked for: a start has no time for what its first event may not need.
func pattern(form string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("^" + strings.ReplaceAll(form, "TOKEN", "[A-Za-z0-9!#$%&'*+.^_`|~-]+") + "$")
	})
}

// checkAttribute holds one attribute against CloudEvents 1.0.2, section 3: what breaks a rule is refused, not repaired.
func checkAttribute(name string, value any) error {
	text, is := value.(string)
	switch {
	case is:
		return checkTextAttribute(name, text)
	case isCore(name):
		return refuseAttribute(name, "must be a string")
	}
	return checkExtension(name, value)
}

// checkTextAttribute is checkAttribute for a value that is text: in headers all are.
func checkTextAttribute(name, text string) error {
	if !isCore(name) {
		if !isExtensionName(name) {
			return refuseAttribute(name, nameRule)
		}
		return checkText(name, text)
	}
	if text == "" {
		return refuseAttribute(name, "must not be empty")
	}
	if err := checkText(name, text); err != nil {
		return err
	}
	if rule := brokenRule(name, text); rule != "" {
		return refuseAttribute(name, rule)
	}
	return nil
}

// checkContentType holds the header of a request in binary mode, whose characters are bytes, against the rule of datacontenttype.
func checkContentType(value string) error {
	const name = "datacontenttype"
	if len(value) > longestValue {
		return refuseAttribute(name, fmt.Sprintf("is longer than %d characters", longestValue))
	}
	if rule := brokenRule(name, value); rule != "" {
		return refuseAttribute(name, rule)
	}
	return nil
}

func isCore(name string) bool {
	switch name {
	case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema":
		return true
	}
	return false
}

func brokenRule(name, text string) string {
	switch name {
	case "source":
		if !isURIReference(text) {
			return "must be a URI reference (RFC 3986)"
		}
	case "dataschema":
		if !isURIReference(text) || !isAbsolute(text) {
			return "must be an absolute URI (RFC 3986)"
		}
	case "datacontenttype":
		if text != "application/json" && !mediaForm().MatchString(text) {
			return "must be a media type (RFC 2046)"
		}
	case "time":
		if !isTimestamp(text) {
			return "must be a timestamp (RFC 3339)"
		}
	}
	return ""
}

func checkExtension(name string, value any) error {
	if !isExtensionName(name) {
		return refuseAttribute(name, nameRule)
	}
	switch value := value.(type) {
	case bool:
		return nil
	case float64:
		// Section 3.1, type Integer: 32 bits with a sign. JSON has no integers of its own: 1.0 is one, too.
		if value == math.Trunc(value) && value >= math.MinInt32 && value <= math.MaxInt32 {
			return nil
		}
	}
	return refuseAttribute(name, "must be a string, a boolean or a 32-bit integer")
}

func isExtensionName(name string) bool {
	for _, character := range []byte(name) {
		if (character < 'a' || character > 'z') && (character < '0' || character > '9') {
			return false
		}
	}
	return name != "" && name != "data"
}

// checkText: section 3.1, type String. Length is counted in UTF-16, as the builder does.
func checkText(name, text string) error {
	length := 0
	if len(text) <= longestValue && isPrintable(text) {
		return nil
	}
	for at, character := range text {
		length++
		if character > 0xffff {
			length++
		}
		broken := character == utf8.RuneError && !strings.HasPrefix(text[at:], "\ufffd")
		if broken || isForbidden(character) {
			return refuseAttribute(name, "has a character that the specification forbids (section 3.1)")
		}
	}
	if length > longestValue {
		return refuseAttribute(name, fmt.Sprintf("is longer than %d characters", longestValue))
	}
	return nil
}

// isPrintable tells the usual case, printable ASCII, from the others.
func isPrintable(text string) bool {
	for at := range len(text) {
		if text[at] < ' ' || text[at] > '~' {
			return false
		}
	}
	return true
}

// isForbidden: no control characters and no noncharacters.
func isForbidden(r rune) bool {
	return r <= 0x1f || (r >= 0x7f && r <= 0x9f) || (r >= 0xfdd0 && r <= 0xfdef) || r&0xfffe == 0xfffe
}

func isURIReference(text string) bool {
	for at := 0; at < len(text); at++ {
		character := text[at]
		switch {
		case character >= 'a' && character <= 'z', character >= 'A' && character <= 'Z', character >= '0' && character <= '9':
		case character == '%':
			if at+2 >= len(text) || !isHex(text[at+1]) || !isHex(text[at+2]) {
				return false
			}
		case strings.IndexByte("-._~:/?#[]@!$&'()*+,;=", character) < 0:
			return false
		}
	}
	return true
}

func isHex(character byte) bool {
	return character >= '0' && character <= '9' || character|32 >= 'a' && character|32 <= 'f'
}

// isAbsolute tells whether a URI reference begins with a scheme.
func isAbsolute(text string) bool {
	scheme, _, found := strings.Cut(text, ":")
	first := scheme != "" && (scheme[0]|32 >= 'a' && scheme[0]|32 <= 'z')
	return found && first && !strings.ContainsAny(scheme, "_~/?#[]@!$&'()*,;=%")
}

func isTimestamp(text string) bool {
	parts := timestampForm().FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	_, err := time.Parse(time.DateOnly, parts[1])
	return err == nil
}

// checkComplete refuses an event that lacks an attribute, or that is of another version.
func checkComplete(e *received) error {
	switch {
	case e.specversion == "":
		return refuse("MISSING_ATTRIBUTE", "specversion", `Attribute "specversion" is required`)
	case e.specversion != "1.0":
		return refuse("UNSUPPORTED_SPECVERSION", "specversion", `Attribute "specversion" must be "1.0"`)
	}
	for _, one := range []struct{ name, value string }{{"id", e.ID}, {"source", e.Source}, {"type", e.Type}} {
		if one.value == "" {
			return refuse("MISSING_ATTRIBUTE", one.name, fmt.Sprintf("Attribute %q is required", one.name))
		}
	}
	return nil
}
