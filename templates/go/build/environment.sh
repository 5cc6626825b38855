# What both scripts tell the go command. Nothing of the user's own settings or workspace reaches a build.
: "${HOME:=/tmp}"
export HOME GOENV=off GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false -modcacherw'
unset GOROOT GOPATH GOEXPERIMENT GODEBUG GOOS GOARCH GOCACHEPROG || true
