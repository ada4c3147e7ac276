// Package admin does what operators of a Zaqar do: pools, flavors, and topics as far as
// servers have them.
//
//	client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(keystone.FromEnv()))
//	…
//	operator := admin.New(client)
//	err = operator.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://10.0.0.5:6379", Weight: 100})
//
// Pools and flavors need a server with pooling that runs in admin mode; others answer
// an error that matches zaqar.ErrNotFound. By v2 the caller needs the role admin, and
// without it the error matches zaqar.ErrForbidden; reading flavors is free. By v1 and
// v1.1 servers do not look at roles.
//
//	             v1    v1.1                     v2
//	pools        all   all                      all
//	flavors      –     all but changing them    all
//	topics       –     –                        all
//
// What a version lacks is an error that matches zaqar.ErrUnsupported, before anything is
// sent; [Supports] tells. All of it is over HTTP: the WebSocket has none of it.
//
// It is made of zaqar.Conn alone, as anything can be that the library does not model.
package admin
