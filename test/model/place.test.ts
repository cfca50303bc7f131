import { describe, expect, it } from "vitest";
import { placeOf } from "../../src/model/place.ts";

const NOWHERE = { namespace: "", instance: "", host: "", zone: "", cluster: "" };

describe("the place of a resource", () => {
  it("is unknown in every part where no attribute tells of one", () => {
    expect(placeOf({})).toEqual(NOWHERE);
    expect(placeOf({ "service.name": "cart", "k8s.pod.name": "", "host.name": null })).toEqual(NOWHERE);
  });

  it("takes what is made to tell instances apart, then pods, containers and functions, then the machine", () => {
    const attributes = {
      "service.instance.id": "627cc493",
      "k8s.pod.name": "cart-7d9f",
      "k8s.pod.uid": "275ecb36",
      "container.id": "a3bf90e006b2",
      "container.name": "cart",
      "faas.instance": "2021/06/28/[$LATEST]2f39",
      "host.name": "vm-1",
      "host.id": "fdbf79e8",
    };
    const instances: string[] = [];
    for (const left: Record<string, string> = { ...attributes }; Object.keys(left).length > 0; ) {
      instances.push(placeOf(left).instance);
      delete left[Object.keys(left)[0] as string];
    }
    expect(instances).toEqual(Object.values(attributes));
  });

  it("takes the node of a pod for its host, not the pod's own name", () => {
    const pod = { "k8s.pod.name": "cart-7d9f", "host.name": "cart-7d9f" };
    expect(placeOf({ ...pod, "k8s.node.name": "node-1", "k8s.node.uid": "1eb3" }).host).toBe("node-1");
    expect(placeOf({ ...pod, "k8s.node.uid": "1eb3" }).host).toBe("1eb3");
    expect(placeOf(pod)).toEqual({ ...NOWHERE, instance: "cart-7d9f" });
    expect(placeOf({ ...pod, "host.id": "fdbf79e8" }).host).toBe("fdbf79e8");
  });

  it("does not take the first digits of a container's id for a host", () => {
    const container = { "container.id": "a3bf90e006b2aa11", "host.name": "a3bf90e006b2" };
    expect(placeOf(container).host).toBe("");
    expect(placeOf({ ...container, "host.name": "a" }).host).toBe("a");
    expect(placeOf({ ...container, "host.name": "a3bf90e006b3" }).host).toBe("a3bf90e006b3");
  });

  it("is a host by its name, else by its id, and what runs on it alone is its instance", () => {
    expect(placeOf({ "host.name": "vm-1", "host.id": "fdbf" })).toEqual({
      ...NOWHERE,
      instance: "vm-1",
      host: "vm-1",
    });
    expect(placeOf({ "host.id": "fdbf" })).toEqual({ ...NOWHERE, instance: "fdbf", host: "fdbf" });
  });

  it("is in a zone, else in a region, and a zone that is only a number is one of its region", () => {
    const zone = (az?: string, region?: string): string =>
      placeOf({
        ...(az === undefined ? {} : { "cloud.availability_zone": az }),
        ...(region === undefined ? {} : { "cloud.region": region }),
      }).zone;
    expect(zone("eu-west-1a", "eu-west-1")).toBe("eu-west-1a");
    expect(zone("eu-west-1a")).toBe("eu-west-1a");
    expect(zone("2", "westeurope")).toBe("westeurope/2");
    expect(zone(undefined, "westeurope")).toBe("westeurope");
  });

  it("is in a cluster and in a namespace, the service's before that of Kubernetes", () => {
    const kubernetes = { "k8s.cluster.uid": "218fc5a9", "k8s.namespace.name": "default" };
    expect(placeOf(kubernetes)).toEqual({ ...NOWHERE, cluster: "218fc5a9", namespace: "default" });
    const named = { ...kubernetes, "k8s.cluster.name": "prod", "service.namespace": "shop" };
    expect(placeOf(named)).toEqual({ ...NOWHERE, cluster: "prod", namespace: "shop" });
    const ecs = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod";
    expect(placeOf({ "aws.ecs.cluster.arn": ecs }).cluster).toBe(ecs);
  });

  it("takes numbers for names, and no name longer than 256 characters", () => {
    expect(placeOf({ "service.instance.id": 4711n }).instance).toBe("4711");
    expect(placeOf({ "service.instance.id": ["a"] }).instance).toBe("");
    expect(placeOf({ "service.instance.id": "x".repeat(1_000) }).instance).toBe("x".repeat(256));
  });

  it("is not fooled by attributes that every object has", () => {
    expect(placeOf(Object.create({ "host.name": "inherited" }))).toEqual(NOWHERE);
  });
});
