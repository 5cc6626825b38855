package serve

import (
	"strings"

	"knative-lambda.local/lambda"
)

// mediaType is what a content type says about bytes. Only UTF-8 is decoded; text in another charset stays bytes.
type mediaType struct {
	name string
	utf8 bool
	kind lambda.Kind
}

func readMediaType(contentType string) mediaType {
	if contentType == "application/json" {
		return mediaType{contentType, true, lambda.JSON}
	}
	name, parameters, _ := strings.Cut(strings.ToLower(contentType), ";")
	name = strings.TrimSpace(name)
	if !isUTF8(parameters) {
		return mediaType{name, false, lambda.Bytes}
	}
	main, sub, _ := strings.Cut(name, "/")
	switch {
	case name == "application/json", name == "text/json", strings.HasSuffix(sub, "+json") && len(sub) > len("+json") && main != "" && !strings.Contains(sub, "/"):
		return mediaType{name, true, lambda.JSON}
	case main == "text", name == "application/xml", strings.HasSuffix(sub, "+xml"):
		return mediaType{name, true, lambda.Text}
	}
	return mediaType{name, true, lambda.Bytes}
}

func isUTF8(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.TrimSpace(name) == "charset" {
			charset := strings.Trim(strings.TrimSpace(value), `"`)
			return charset == "utf-8" || charset == "utf8" || charset == "us-ascii"
		}
	}
	return true
}
