module github.com/zaqar-go/zaqar

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gophercloud/gophercloud/v2 v2.15.0
	github.com/tinylib/msgp v1.6.5
	go.uber.org/goleak v1.3.0
	go.yaml.in/yaml/v3 v3.0.6
	pgregory.net/rapid v1.3.0
)

require github.com/philhofer/fwd v1.2.0 // indirect
