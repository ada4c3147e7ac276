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

// list fetches pages until one has nothing new, and yields their items. The marker of
// the next page is the last name. An error is yielded once, as the last element.
func list[T any](ctx context.Context, page func(context.Context, url.Values) ([]T, error), name func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query := url.Values{"limit": {strconv.Itoa(pageSize)}, "detailed": {"true"}}
		seen := map[string]bool{}
		for {
			items, err := page(ctx, query)
			if e, ok := errors.AsType[*zaqar.Error](err); ok && e.Code == http.StatusBadRequest && query.Has("limit") {
				query.Del("limit") // the operator allows less: use the server's page size
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
