"""A daemon that is taught pictures, and asked about others."""
import concurrent.futures
import pathlib
import shutil
import tempfile

import numpy

from daemon import Daemon, lite0


class Pupil:
    def __init__(self, build, pictures, labels, weights=None):
        self.pictures, self.labels = pictures, labels
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="graftd-pupil."))
        self.daemon = Daemon(build, self.folder)
        self.daemon.ctl("backbone", "import", weights or lite0())

    def teach(self, rows, condition=None):
        """Teaches some pictures, each after `condition`."""
        def one(row):
            self.daemon.image(f"/v1/samples?label={self.labels[row]}&on_conflict=relabel", self.pixels(row, condition))
        each(one, rows)

    def answers(self, rows, condition=None):
        """The likeliest label of each picture after `condition`, and its probability."""
        def one(row):
            answer = self.daemon.image("/v1/classify?top=1", self.pixels(row, condition))
            return answer["label"], answer["probability"]
        labels, probabilities = zip(*each(one, rows))
        return numpy.array(labels), numpy.array(probabilities)

    def accuracy(self, rows, condition=None):
        return float(numpy.mean(self.answers(rows, condition)[0] == self.labels[rows]))

    def pixels(self, row, condition):
        picture = self.pictures[row]
        return numpy.asarray(condition(picture) if condition else picture)

    def close(self):
        self.daemon.stop()
        shutil.rmtree(self.folder)


def each(work, rows):
    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        return list(workers.map(work, rows))
