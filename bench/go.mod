// The benchmark that docs/performance.md shows. It is outside the workspace and is never
// released, so its requirements reach nobody.
module github.com/zaqar-go/zaqar/bench

go 1.26.0

require (
	github.com/gophercloud/gophercloud/v2 v2.15.0
	github.com/zaqar-go/zaqar v0.1.0
)

require (
	github.com/coder/websocket v1.8.15 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/tinylib/msgp v1.6.5 // indirect
)

replace github.com/zaqar-go/zaqar => ../
