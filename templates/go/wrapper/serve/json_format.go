package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"knative-lambda.local/lambda"
)

// deepest: deeper nesting is nobody's data, and other readers run out of stack on it.
const deepest = 512

// checkJSON refuses bytes that are not JSON in UTF-8; field is "body" or "data".
func checkJSON(text []byte, field string) ([]byte, error) {
	if !utf8.Valid(text) || isTooDeep(text) || !json.Valid(text) {
		return nil, refuse("INVALID_JSON", field, "The "+field+" is not valid JSON in UTF-8")
	}
	return text, nil
}

func isTooDeep(text []byte) bool {
	if len(text) <= 2*deepest {
		return false
	}
	depth, inString := 0, false
	for at := 0; at < len(text); at++ {
		switch character := text[at]; {
		case inString && character == '\\':
			at++
		case character == '"':
			inString = !inString
		case inString:
		case character == '{' || character == '[':
			depth++
			if depth > deepest {
				return true
			}
		case character == '}' || character == ']':
			depth--
		}
	}
	return false
}

// member is one name and value of a JSON object, in the order of the text.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf reads an object; of a name that is given twice the last value stands, in the first's place.
func membersOf(text json.RawMessage) ([]member, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, false
	}
	var members []member
	places := map[string]int{}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return nil, false
		}
		place, again := places[name.(string)]
		if !again {
			place = len(members)
			places[name.(string)] = place
			members = append(members, member{name: name.(string)})
		}
		members[place].value = value
	}
	return members, true
}

// fromJSON reads one event in JSON format 1.0.2. The text is known to be valid JSON.
func fromJSON(text json.RawMessage) (*received, error) {
	members, is := membersOf(text)
	if !is {
		return nil, refuse("INVALID_ENVELOPE", "event", "An event in JSON format is a JSON object")
	}
	event := &received{}
	var data, encoded json.RawMessage
	for _, one := range members {
		switch {
		case one.name == "data":
			data = one.value
		case one.name == "data_base64":
			encoded = one.value
		case string(one.value) == "null": // JSON format 2.2: null stands for an attribute that is not set.
		default:
			value, err := attributeValue(one)
			if err == nil {
				err = checkAttribute(one.name, value)
			}
			if err != nil {
				return nil, err
			}
			event.set(one.name, value)
		}
	}
	if err := checkComplete(event); err != nil {
		return nil, err
	}
	return event, event.setData(data, encoded)
}

// attributeValue reads a value as Go has it: half of a surrogate pair would become a replacement character, and is refused here.
func attributeValue(one member) (any, error) {
	var value any
	if err := json.Unmarshal(one.value, &value); err != nil {
		return nil, nil // a number that no float64 holds
	}
	if text, is := value.(string); is && strings.Contains(text, "\ufffd") {
		written := bytes.Count(one.value, []byte("\ufffd")) + bytes.Count(bytes.ToLower(one.value), []byte(`\ufffd`))
		if strings.Count(text, "\ufffd") > written {
			return nil, refuseAttribute(one.name, "has a character that the specification forbids (section 3.1)")
		}
	}
	return value, nil
}

func (e *received) setData(data, encoded json.RawMessage) error {
	if encoded == nil || string(encoded) == "null" {
		if data != nil {
			e.Kind, e.Data = lambda.JSON, data
		}
		return nil
	}
	if data != nil {
		return refuse("INVALID_ENVELOPE", "data_base64", `Only one of "data" and "data_base64" may be present`)
	}
	var text string
	err := json.Unmarshal(encoded, &text)
	if err == nil && !strings.ContainsAny(text, "\r\n") {
		e.Kind = lambda.Bytes
		if e.Data, err = base64.StdEncoding.DecodeString(text); err == nil {
			return nil
		}
	}
	return refuse("INVALID_ENVELOPE", "data_base64", `"data_base64" must be base64 (RFC 4648, section 4)`)
}
