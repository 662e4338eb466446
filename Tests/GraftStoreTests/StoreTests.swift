import GraftStore
