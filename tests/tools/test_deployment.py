# SPDX-License-Identifier: BSD-3-Clause
"""The manifest for Kubernetes: right by a schema of our own, and in itself."""

import copy
import json
import unittest
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "dist/kubernetes/daemonset.yaml"
SCHEMA = ROOT / "tests/deployment/kubernetes.schema.json"


class ManifestTest(unittest.TestCase):
    def setUp(self):
        self.schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        self.documents = list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
        self.daemon_set = self.documents[-1]
        self.pod = self.daemon_set["spec"]["template"]

    def is_valid(self, document):
        return jsonschema.Draft202012Validator(self.schema).is_valid(document)

    def test_it_is_valid(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.assertEqual([d["kind"] for d in self.documents],
                         ["Namespace", "ConfigMap", "DaemonSet"])
        for document in self.documents:
            self.assertTrue(self.is_valid(document), document["kind"])

    def test_mistakes_are_seen(self):
        def spoil(change):
            spoiled = copy.deepcopy(self.daemon_set)
            change(spoiled, spoiled["spec"]["template"]["spec"]["containers"][0])
            return spoiled
        for change in (
                lambda d, c: d.update(apiVersion="v1"),
                lambda d, c: d["spec"].update(replicas=3),
                lambda d, c: d["spec"].pop("selector"),
                lambda d, c: d["spec"]["template"]["spec"].update(hostNetwrok=True),
                lambda d, c: c.pop("image"),
                lambda d, c: c.update(image="timesync"),
                lambda d, c: c["securityContext"]["capabilities"].update(add=["CAP_SYS_TIME"]),
                lambda d, c: c.update(args="track"),
                lambda d, c: c["resources"]["limits"].update(memory="32 MB")):
            self.assertFalse(self.is_valid(spoil(change)))

    def test_names_fit_together(self):
        labels = self.daemon_set["spec"]["selector"]["matchLabels"]
        self.assertLessEqual(labels.items(), self.pod["metadata"]["labels"].items())
        volumes = {volume["name"] for volume in self.pod["spec"]["volumes"]}
        config_maps = {d["metadata"]["name"] for d in self.documents if d["kind"] == "ConfigMap"}
        for container in self.pod["spec"]["containers"]:
            self.assertLessEqual({m["name"] for m in container["volumeMounts"]}, volumes)
            for source in container.get("envFrom", []):
                self.assertIn(source["configMapRef"]["name"], config_maps)
        self.assertEqual({d["metadata"].get("namespace") for d in self.documents[1:]},
                         {self.documents[0]["metadata"]["name"]})

    def test_one_container_alone_may_set_the_clock(self):
        added = {c["name"]: c["securityContext"]["capabilities"].get("add", [])
                 for c in self.pod["spec"]["containers"]}
        self.assertEqual(added, {"track": ["SYS_TIME"], "exporter": []})
        for container in self.pod["spec"]["containers"]:
            self.assertEqual(container["securityContext"]["capabilities"]["drop"], ["ALL"])


if __name__ == "__main__":
    unittest.main()
