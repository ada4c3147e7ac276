//go:build go1.27

package zaqartest

import "net/http"

// allowManyHeaders leaves the size of all headers as the only limit on them, as it is
// before Go 1.27.
func allowManyHeaders(server *http.Server) { server.MaxHeaderValueCount = server.MaxHeaderBytes }
