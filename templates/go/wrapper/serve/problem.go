package serve

import (
	"fmt"

	"knative-lambda.local/lambda/http1"
)

// code names a problem: RFC 9457, with the builder's codes. A broker retries 5xx and drops 4xx, so what can heal is 5xx.
type code string

var problems = map[code]struct {
	status int
	title  string
}{
	"MISSING_ATTRIBUTE":       {400, "A required CloudEvents attribute is missing"},
	"INVALID_ATTRIBUTE":       {400, "A CloudEvents attribute breaks a rule of the specification"},
	"DUPLICATE_ATTRIBUTE":     {400, "A CloudEvents attribute is given twice"},
	"UNSUPPORTED_SPECVERSION": {400, "Only CloudEvents specversion 1.0 is spoken here"},
	"INVALID_JSON":            {400, "The body is not valid JSON"},
	"INVALID_ENVELOPE":        {400, "The body is not a CloudEvent in JSON format"},
	"MALFORMED_REQUEST":       {400, "The request is not valid HTTP or not valid for this route"},
	"METHOD_NOT_ALLOWED":      {405, "The route does not answer this method"},
	"BODY_TOO_LARGE":          {413, "The body is larger than the limit"},
	"HEADERS_TOO_LARGE":       {431, "The headers are larger than the limit"},
	"UNSUPPORTED_MEDIA_TYPE":  {415, "The content type or its charset is not supported"},
	"FUNCTION_ERROR":          {500, "The function failed"},
	"RESULT_NOT_SERIALIZABLE": {500, "The function returned what JSON cannot say"},
	"INTERNAL":                {500, "Something here is broken"},
	"STOPPING":                {503, "The process is stopping"},
	"CALLBACK_UNDELIVERED":    {503, "The scheduler could not be told of the result"},
	"FUNCTION_TIMEOUT":        {504, "The function did not answer in time"},
}

// refusal is a request that is no valid event, with the rule that it breaks.
type refusal struct {
	code   code
	detail string
	// field is the attribute or the part of the body.
	field string
	// index is its place in a batch, -1 outside of one.
	index int
}

func (r *refusal) Error() string { return r.detail }

func refuse(code code, field, detail string) *refusal {
	return &refusal{code: code, detail: detail, field: field, index: -1}
}

func refuseAttribute(name, rule string) *refusal {
	name = cut(name, 64)
	return refuse("INVALID_ATTRIBUTE", name, fmt.Sprintf("Attribute %q %s", name, rule))
}

// document is the body of a problem; members that are empty are left out.
type document struct {
	Type          string `json:"type"`
	Title         string `json:"title"`
	Status        int    `json:"status"`
	Detail        string `json:"detail"`
	Code          code   `json:"code"`
	Retryable     bool   `json:"retryable"`
	Field         string `json:"field,omitempty"`
	Index         *int   `json:"index,omitempty"`
	CorrelationID string `json:"correlation_id,omitempty"`
	TraceID       string `json:"trace_id,omitempty"`
	EventID       string `json:"event_id,omitempty"`
}

func problem(code code, detail string) document {
	row := problems[code]
	return document{
		Type: "urn:knative-lambda:error:" + string(code), Title: row.title, Status: row.status,
		Detail: detail, Code: code, Retryable: row.status >= 500,
	}
}

// of a refusal.
func (d document) of(r *refusal) document {
	d.Field = r.field
	if r.index >= 0 {
		d.Index = &r.index
	}
	return d
}

func (d document) answer() http1.Response {
	body, _ := marshal(d)
	headers := []http1.Header{{Name: "content-type", Value: "application/problem+json"}}
	switch d.Code {
	case "METHOD_NOT_ALLOWED":
		headers = append(headers, http1.Header{Name: "allow", Value: "POST"})
	case "STOPPING", "CALLBACK_UNDELIVERED":
		headers = append(headers, http1.Header{Name: "retry-after", Value: "1"})
	}
	return http1.Response{Status: d.Status, Headers: headers, Body: body}
}
