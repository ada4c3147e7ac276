package zaqar

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zaqar-go/zaqar/internal/wire"
)

// discover chooses the newest API version that both sides support.
func (c *Conn) discover(ctx context.Context) error {
	c.version = V2
	r, err := c.call(ctx, wire.Versions, nil)
	if err != nil {
		// An answer without a list is a proxy's: take V2, which every server of the
		// last ten years has. No answer at all, or one that tells of a mistake, is an
		// error.
		e, ok := errors.AsType[*Error](err)
		if ok && e.Code != 0 && !isMistake(e.Err) || errors.Is(err, ErrMalformed) {
			return nil
		}
		if ok {
			e.Op, e.Err = "connect", fmt.Errorf("cannot ask %s for its API versions: %w", c.endpoint, e.Err)
		}
		return err
	}
	if isKeystone(r.Response) {
		return &Error{Op: "connect", Err: errKeystone, repeatable: true}
	}
	listed, err := wire.DecodeVersions(r.Body)
	if err != nil {
		return nil
	}
	return c.choose(ctx, listed)
}

func (c *Conn) choose(ctx context.Context, listed []wire.VersionInfo) error {
	for _, v := range versions {
		for _, info := range listed {
			if info.Version() != wire.Version(v) {
				continue
			}
			c.version = v
			// Servers also list deprecated versions that are switched off.
			if info.Status == "DEPRECATED" && !c.serves(ctx) {
				continue
			}
			return nil
		}
	}
	return &Error{Op: "connect", Err: errors.New("the server lists no API version that this library supports"), repeatable: true}
}

// serves reports whether the chosen version is switched on.
func (c *Conn) serves(ctx context.Context) bool {
	_, err := c.call(ctx, wire.Home, nil)
	e, ok := errors.AsType[*Error](err)
	return !ok || e.Code != http.StatusNotFound
}
