package serve

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzMemberOf(f *testing.F) {
	for _, text := range []string{
		`{"contextId":"a"}`, ` { "a" : {"contextId":1} , "contextId" : "b\"" } `, `{"contextId":"a","contextId":null}`, `["contextId"]`,
		`{"conte\u0078tId":"c"}`, `{"contextId":12}`, `{"contextId":[1,{"x":"}"}],"z":1}`, `{}`, `"contextId"`, `{"a":"contextId"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
			t.Skip()
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal([]byte(text), &members)
		if found := memberOf([]byte(text), `"contextId"`); string(found) != string(members["contextId"]) {
			t.Errorf("%q: %q and not %q", text, found, members["contextId"])
		}
	})
}

func FuzzHeaderValue(f *testing.F) {
	for _, text := range []string{"", "a b", `"%`, "a\r\nSet-Cookie: b", "Euro € 😀", `\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		encoded := encodeHeader(text)
		if strings.ContainsFunc(encoded, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
			t.Errorf("%q could leave its header", encoded)
		}
		if decoded, err := decodeHeader("note", encoded); err != nil || decoded != text {
			t.Errorf("%q came back as %q: %v", text, decoded, err)
		}
	})
}

func FuzzRequestInJSON(f *testing.F) {
	f.Add(`{"specversion":"1.0","id":"1","source":"a","type":"b","data_base64":"AA=="}`)
	f.Add(`[{"specversion":"1.0","id":"1","source":"a","type":"b","note":1e400}]`)
	f.Fuzz(func(t *testing.T, text string) {
		checked, err := checkJSON([]byte(text), "body")
		if err != nil {
			return
		}
		if event, err := fromJSON(checked); err == nil {
			if _, err := json.Marshal(event.original()); err != nil {
				t.Error(err)
			}
			_ = event.contextID()
		}
	})
}

func TestTraceparent(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	zeros := strings.Repeat("0", 32)
	for text, reads := range map[string]bool{
		good: true, "01" + good[2:]: true, "01" + good[2:] + "-more": true, "": false, "00-zz": false, good[:54]: false,
		good + "-x": false, good + "0": false, "ff" + good[2:]: false, "01" + good[2:] + "x": false, strings.ToUpper(good): false,
		"00-" + zeros + good[35:]: false, good[:36] + zeros[:16] + "-01": false,
	} {
		if _, _, valid := parseTraceparent(text); valid != reads {
			t.Errorf("%q: %v", text, valid)
		}
	}
}

func TestNestingIsHeldAgainstALimitAndBracketsInTextAreNot(t *testing.T) {
	for text, valid := range map[string]bool{
		strings.Repeat("[", deepest) + strings.Repeat("]", deepest):     true,
		strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1): false,
		`["` + strings.Repeat("[", 5000) + `\"[",1]`:                    true,
		"[" + strings.Repeat("[],", 5000) + "[]]":                       true,
	} {
		if _, err := checkJSON([]byte(text), "data"); (err == nil) != valid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
