module github.com/zaqar-go/zaqar

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gophercloud/gophercloud/v2 v2.15.0
	github.com/tinylib/msgp v1.6.5
	go.uber.org/goleak v1.3.0
	gopkg.in/yaml.v2 v2.4.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/kr/text v0.2.0 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
)
