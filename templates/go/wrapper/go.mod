module knative-lambda.local/lambda

go 1.26
