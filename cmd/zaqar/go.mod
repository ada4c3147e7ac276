module github.com/zaqar-go/zaqar/cmd/zaqar

go 1.26.0

require (
	github.com/rogpeppe/go-internal v1.16.0
	github.com/spf13/cobra v1.10.2
	github.com/zaqar-go/zaqar v0.1.0
)
