/** One disk of a node, as far as this process has seen it. */
export interface NodeDisk {
  /** Uid of the newest task that the node answered with; -1 at first. */
  newest: number;
}

/**
 * Tells from the uids of nodes' tasks that a node has another disk than before. A node gives each task a higher uid than all
 * before it, and keeps them on its disk: a lower one comes from a disk that is empty or older.
 */
export interface NodeDisks {
  /** The disk that the node has now, as far as is known. */
  of(nodeId: string): NodeDisk;
  /** The node has, or had when this process began, a task of this uid. */
  has(nodeId: string, taskUid: number): void;
  /** The node has another one. */
  lost(nodeId: string): void;
}

/** Nothing has been seen of any node. */
export function createNodeDisks(): NodeDisks {
  const disks = new Map<string, NodeDisk>();
  function of(nodeId: string): NodeDisk {
    const known = disks.get(nodeId) ?? { newest: -1 };
    disks.set(nodeId, known);
    return known;
  }
  return {
    of,
    has(nodeId, taskUid) {
      const disk = of(nodeId);
      disk.newest = Math.max(disk.newest, taskUid);
    },
    lost: (nodeId) => void disks.delete(nodeId),
  };
}
