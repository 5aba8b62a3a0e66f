package sora

func (r *Reader) readCrash() bool { return true }

func (r *Reader) readDump() bool { return true }

func (r *Reader) readConsole() bool { return true }
