/** What can happen to a request for access: each trigger and what it means. */
export const TRIGGERS = {
  RequestCreated: "somebody asked for access",
  RequestApproved: "it was approved",
  RequestGranted: "the access is there",
  RequestRejected: "it was refused",
  RequestFailed: "it could not be granted",
  RequestExpired: "the access has ended",
};
