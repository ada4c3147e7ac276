// Package tokencache keeps Keystone's tokens in files, each in one that only its user can
// read.
package tokencache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// Cache is a folder of tokens. It is safe for concurrent use, by several programs too.
type Cache struct {
	folder string
	// complain is called once, with the first failure.
	complain func(error)
	once     sync.Once
}

var _ keystone.TokenCache = (*Cache)(nil)

// Open returns the cache of the user. complain is called with the first failure to keep a
// token, since the program works without.
func Open(complain func(error)) (*Cache, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return In(filepath.Join(folder, "zaqar", "tokens"), complain), nil
}

// In returns the cache in a folder, which need not exist.
func In(folder string, complain func(error)) *Cache {
	return &Cache{folder: folder, complain: complain}
}

// path returns the file of an entry. Its name says nothing about the cloud or the user.
func (c *Cache) path(key string) string {
	return filepath.Join(c.folder, fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

// maxEntry bounds what is read: a token and a catalogue.
const maxEntry = 4 << 20

// Load returns an entry, or nil. It does not trust a file that others can read or that is
// not a file.
func (c *Cache) Load(key string) []byte {
	path := c.path(key)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntry {
		return nil
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		c.fail(fmt.Errorf("the token in %s is not used, because others can read it: its mode is %v", path, info.Mode().Perm()))
		return nil
	}
	entry, err := os.ReadFile(path) //nolint:gosec // the name is a hash in the cache's folder
	if err != nil {
		return nil
	}
	return entry
}

// Save keeps an entry. It replaces a file as a whole, so that nobody reads half of one.
func (c *Cache) Save(key string, entry []byte) {
	if err := c.save(c.path(key), entry); err != nil {
		c.fail(fmt.Errorf("the token is not kept: %w", err))
	}
}

func (c *Cache) save(path string, entry []byte) error {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	// The folder may be older, or the umask may have changed its mode.
	if err := os.Chmod(c.folder, 0o700); err != nil { //nolint:gosec // a folder needs x
		return err
	}
	file, err := os.CreateTemp(c.folder, "new-") // its mode is 0600
	if err != nil {
		return err
	}
	_, err = file.Write(entry)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// Drop removes an entry.
func (c *Cache) Drop(key string) {
	if err := os.Remove(c.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.fail(fmt.Errorf("the refused token is not removed: %w", err))
	}
}

func (c *Cache) fail(err error) { c.once.Do(func() { c.complain(err) }) }
