// The real servers and the tests that need them. It is outside the workspace, so
// that `go test work` needs nothing but Go, and it is never released.
module github.com/zaqar-go/zaqar/integration

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/tinylib/msgp v1.6.5
	github.com/zaqar-go/zaqar v0.1.0
)

require (
	github.com/gophercloud/gophercloud/v2 v2.15.0 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
)

replace github.com/zaqar-go/zaqar => ../
