// Verifies a sealed log with Go's own checksum-database packages (golang.org/x/mod/sumdb/note and tlog).
//
//	verify VKEY LOG.jsonl...
//
// VKEY is the store's public key, noted somewhere else (`tracekeep verify` prints it). LOG.jsonl has its seal beside it
// in LOG.seal. Lines that were erased count when the ledger in the same folder, itself sealed, says that they were. Exit
// code: 0 the sealed lines hold, 3 those of some log do not, 2 wrong usage.
//
// On Debian: apt install golang-go golang-golang-x-mod-dev; GO111MODULE=off GOPATH=/usr/share/gocode go build verify.go
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var strict, errMalformed = base64.StdEncoding.Strict(), errors.New("the seal or a tombstone is malformed")

type entry struct {
	Event     string `json:"event"`
	SessionID string `json:"session_id"`
	Erased    string `json:"erased"`
	ErasedSeq int64  `json:"erased_seq"`
	Leaf      string `json:"leaf"`
}

type seal struct {
	origin string
	size   int64
	root   tlog.Hash
}

func decodeHash(text string) (hash tlog.Hash, err error) {
	data, err := strict.DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		return hash, errMalformed
	}
	copy(hash[:], data)
	return hash, nil
}

func openSeal(path string, key note.Verifier) (*seal, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// The note package takes any base64; a seal has only the one form.
	for _, line := range strings.Split(string(data), "\n") {
		if rest := strings.TrimPrefix(line, "\u2014 "); rest != line {
			if _, err = strict.DecodeString(rest[strings.LastIndexByte(rest, ' ')+1:]); err != nil {
				return nil, err
			}
		}
	}
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return nil, errMalformed
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return nil, errMalformed
	}
	root, err := decodeHash(lines[2])
	return &seal{lines[0], size, root}, err
}

// check returns the sealed lines of a log when they are those that were sealed.
func check(log string, key note.Verifier, erased map[int64]string) (origin string, lines [][]byte, err error) {
	data, err := os.ReadFile(log)
	if err != nil {
		return
	}
	sealed, err := openSeal(strings.TrimSuffix(log, ".jsonl")+".seal", key)
	if err != nil {
		return
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return
	})
	for number := int64(0); number < sealed.size; number++ {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			return "", nil, fmt.Errorf("%d lines were sealed and %d are there", sealed.size, number)
		}
		line := data[:end]
		data = data[end:]
		lines = append(lines, line)
		leaf := tlog.RecordHash(line)
		var tombstone entry
		if stated, ok := erased[number]; ok && json.Unmarshal(line, &tombstone) == nil && tombstone.Erased == stated {
			leaf, err = decodeHash(stated)
		}
		hashes, failed := tlog.StoredHashesForRecordHash(number, leaf, reader)
		if err != nil || failed != nil {
			return "", nil, errMalformed
		}
		stored = append(stored, hashes...)
	}
	actual, err := tlog.TreeHash(sealed.size, reader)
	if err == nil && actual != sealed.root {
		err = errors.New("the lines are not those that were sealed")
	}
	return sealed.origin, lines, err
}

func verify(vkey, log string) (lines [][]byte, origin string, err error) {
	key, err := note.NewVerifier(vkey)
	if err != nil {
		return
	}
	erased := map[int64]string{}
	ledger := filepath.Join(filepath.Dir(log), "ledger.jsonl")
	isLedger := filepath.Base(log) == "ledger.jsonl"
	if _, missing := os.Stat(ledger); !isLedger && missing == nil {
		_, statements, err := check(ledger, key, nil)
		if err != nil {
			return nil, "", err
		}
		data, _ := os.ReadFile(log)
		var first, stated entry
		if err := json.Unmarshal(bytes.SplitN(data, []byte("\n"), 2)[0], &first); err != nil {
			return nil, "", err
		}
		for _, line := range statements {
			if json.Unmarshal(line, &stated) == nil && stated.Event == "ERASED" && stated.SessionID == first.SessionID {
				erased[stated.ErasedSeq] = stated.Leaf
			}
		}
	}
	origin, lines, err = check(log, key, erased)
	if err == nil && !isLedger && !strings.HasPrefix(origin, key.Name()+"/") {
		err = errors.New("the seal is of another store")
	}
	return
}

func main() {
	if len(os.Args) < 3 || !strings.HasSuffix(os.Args[2], ".jsonl") {
		fmt.Fprintln(os.Stderr, "usage: verify VKEY LOG.jsonl...")
		os.Exit(2)
	}
	status := 0
	for _, log := range os.Args[2:] {
		if lines, origin, err := verify(os.Args[1], log); err != nil {
			fmt.Println("bad:", err)
			status = 3
		} else {
			fmt.Printf("ok: %d lines of %s\n", len(lines), origin)
		}
	}
	os.Exit(status)
}
