package admin

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/zaqar-go/zaqar"
)

// pageSize is the largest page that servers allow by default.
const pageSize = 20

// list fetches pages until one brings nothing new, and yields what is in them. The
// marker of what follows is the last name. An error is yielded once, last.
func list[T any](ctx context.Context, page func(context.Context, url.Values) ([]T, error), name func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query := url.Values{"limit": {strconv.Itoa(pageSize)}, "detailed": {"true"}}
		seen := map[string]bool{}
		for {
			items, err := page(ctx, query)
			if e, ok := errors.AsType[*zaqar.Error](err); ok && e.Code == http.StatusBadRequest && query.Has("limit") {
				query.Del("limit") // the operator allows less: the server's own
				items, err = page(ctx, query)
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			fresh := false
			for _, item := range items {
				if seen[name(item)] {
					continue
				}
				seen[name(item)], fresh = true, true
				if !yield(item, nil) {
					return
				}
			}
			if !fresh {
				return
			}
			query.Set("marker", name(items[len(items)-1]))
		}
	}
}
