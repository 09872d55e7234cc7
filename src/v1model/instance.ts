/** How a packet came into the pipeline. */

/** standard_metadata.instance_type, as the reference target numbers them. */
export const InstanceType = {
  NORMAL: 0,
  INGRESS_CLONE: 1,
  EGRESS_CLONE: 2,
  RECIRCULATED: 4,
  REPLICATION: 5,
  RESUBMITTED: 6,
} as const;

/** The name of an instance type in lower case with spaces. */
export function instanceName(type: number): string {
  const [name] = Object.entries(InstanceType).find(([, value]) => value === type) ?? ['UNKNOWN'];
  return name.toLowerCase().replace('_', ' ');
}
