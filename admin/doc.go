// Package admin is for operators of a Zaqar service: it manages pools, flavors, and
// topics where servers have them.
//
//	client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(keystone.FromEnv()))
//	…
//	operator := admin.New(client)
//	err = operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://10.0.0.5:6379", Weight: 100})
//
// Pools and flavors need a server with pooling in admin mode; on others the error matches
// zaqar.ErrNotFound. On v2 the caller needs the role admin, except for reading flavors;
// otherwise the error matches zaqar.ErrForbidden. On v1 and v1.1 servers do not check
// roles.
//
//	             v1    v1.1                     v2
//	pools        all   all                      all
//	flavors      –     all but changing them    all
//	topics       –     –                        all
//
// An operation that the version does not have is an error that matches
// zaqar.ErrUnsupported, and nothing is sent; [Supports] reports it. All operations go over
// HTTP, since the WebSocket has none of them.
//
// Each call blocks for one request unless its comment says otherwise. Any call may fail
// with the errors of package zaqar.
//
// The package uses only zaqar.Conn, and shows how to call what the library does not
// model.
package admin
